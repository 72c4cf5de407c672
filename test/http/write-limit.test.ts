/**
 * Tests the limit on the writes of one user.
 *
 * @runs once, on SQLite: writes are counted in memory.
 */
import t from 'tap';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { device, PASSWORD, startApi } from '../helper.ts';

t.test('The writes of one user in a minute are limited over all writing routes and sessions', async (t) => {
  const api = await startApi(
    t,
    { RATE_LIMIT: '1200' },
    {
      routes: async (app) => {
        app.post('/notes', { config: { access: 'user' } }, async () => ({}));
      },
    },
  );
  const [ada, grace] = [await api.person(1), await api.person(1)];
  const other = await api.sessionToken(ada.id);
  let written = 0;
  for (; written < 1_200; written++) {
    const token = written % 2 === 0 ? ada.token : other;
    const { status } = await api.ask('PATCH', '/me', { token, body: { name: `Ada ${written}` } });
    if (status !== 200) break;
  }
  t.equal(written, 120, 'a tenth of what a network may send');
  const { status, headers, body } = await api.ask('PATCH', '/me', { token: other, body: { name: 'Ada' } });
  t.match({ status, body }, { status: 429, body: { type: /\/too-many-requests$/, detail: /Retry-After/ } });
  const wait = Number(headers['retry-after']);
  t.ok(wait >= 1 && wait <= 60, `${wait} seconds`);
  const own = await api.app.inject({
    method: 'POST',
    url: '/notes',
    headers: { authorization: `Bearer ${ada.token}` },
  });
  t.equal(own.statusCode, 429, 'also on a route of the app around it');

  t.equal((await api.ask('GET', '/me', { token: ada.token })).status, 200, 'reading goes on');
  t.equal(
    (await api.ask('PATCH', '/me', { token: grace.token, body: { name: 'G' } })).status,
    200,
    'others go on',
  );
  t.equal(
    (await api.ask('PATCH', '/me', { body: { name: 'G' } })).status,
    401,
    'who has no token is told so',
  );
  t.equal(
    (await api.ask('PATCH', '/users/x', { token: ada.token, body: {} })).status,
    403,
    'and who may not',
  );
  const events = await api.app.accounts.db.auditEvent.count({
    where: { actorId: ada.id, action: 'user.changed' },
  });
  t.ok(events <= written);
});

t.test('A flood with a stolen token does not keep the owner from ending its session', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: '1200' });
  const { id, email, token: stolen } = await api.person(1);
  const own = await api.sessionToken(id);
  for (let n = 0; n < 130; n++)
    await api.ask('PATCH', '/me', { token: stolen, body: { name: `Thief ${n}` } });
  t.equal((await api.ask('PATCH', '/me', { token: own, body: { name: 'Ada' } })).status, 429);

  const { status } = await api.ask('DELETE', '/me/sessions', { token: own });
  t.equal(status, 204, 'the other sessions end');
  t.equal((await api.ask('GET', '/me', { token: stolen })).status, 401);
  const newPassword = 'nothing that the thief knows';
  const body = { currentPassword: PASSWORD, newPassword };
  t.equal((await api.ask('PUT', '/me/password', { token: own, body })).status, 200, 'the password changes');
  const login = await api.ask('POST', '/login', { body: { email, password: newPassword } });
  const signedOut = await api.ask('POST', '/logout', { token: login.body.accessToken });
  t.equal(signedOut.status, 204, 'signing out is never too much');
});

t.test('Changes of the password are counted separately, and only when they succeed', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: '30' });
  let { token } = await api.person(1);
  const change = (currentPassword: string, newPassword: string) =>
    api.ask('PUT', '/me/password', { token, body: { currentPassword, newPassword } });
  const passwords = [PASSWORD, 'first of the changes', 'second of the changes', 'third of the changes'];
  for (let n = 0; n < 4; n++) t.equal((await change('not the password', 'anything new at all')).status, 403);
  for (const [n, next] of passwords.slice(1).entries()) {
    const { status, body } = await change(passwords[n]!, next);
    t.equal(status, 200);
    token = body.accessToken;
  }
  const { status, headers } = await change(passwords.at(-1)!, 'fourth of the changes');
  t.equal(status, 429);
  t.ok(Number(headers['retry-after']) >= 1);
});

t.test('A request that is refused before it writes does not count as a write', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: '1200' });
  const { id, token } = await api.person(1);
  for (let n = 0; n < 300; n++) {
    const { status } = await api.ask('PATCH', '/me', { token, body: { name: '' } });
    if (status !== 400) t.fail(`${status}`);
  }
  t.equal((await api.ask('PATCH', '/me', { token, body: { name: 'Ada' } })).status, 200);
  t.ok(await openSession(api.app.accounts, { id, epoch: 0 }, device));
});

t.test('Writes are not limited when requests are not limited', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: '0' });
  const { token } = await api.person(1);
  for (let n = 0; n < 150; n++) {
    const { status } = await api.ask('PATCH', '/me', { token, body: { name: `Ada ${n}` } });
    if (status !== 200) t.fail(`${status}`);
  }
});

t.test(
  'An own route that handles invalid bodies itself is guarded before its writes are counted',
  async (t) => {
    const schema = { body: { type: 'object', required: ['a'] } };
    const { server, person } = await startApi(
      t,
      { RATE_LIMIT: '100' },
      {
        routes: async (app) => {
          const options = { config: { access: 'user' }, attachValidation: true, schema } as const;
          app.post('/raw', options, async (request) => ({ isValid: request.validationError === undefined }));
        },
      },
    );
    const post = (headers = {}) => server.inject({ method: 'POST', url: '/raw', payload: {}, headers });
    t.equal((await post()).statusCode, 401);
    const { token } = await person(1);
    t.strictSame((await post({ authorization: `Bearer ${token}` })).json(), { isValid: false });
  },
);
