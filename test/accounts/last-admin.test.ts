/** The last-admin rule: there is always an enabled admin without a time limit. */
import t from 'tap';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { type Api, type Person, startApi } from '../helper.ts';
import { addPasskey } from './authenticator.ts';

t.test('The last admin cannot be demoted, disabled or deleted, and cannot leave', async (t) => {
  const { ask, person, app, sessionToken } = await startApi(t);
  const [admin, hour, disabled] = [await person(2), await person(1), await person(2)];
  await app.accounts.db.user.update({ where: { id: disabled.id }, data: { disabled: true } });
  const { token } = admin;
  const url = `/users/${admin.id}`;
  const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
  const elevation = { token, body: { access: 2, accessUntil } };
  t.equal((await ask('PATCH', `/users/${hour.id}`, elevation)).status, 200);

  const attempts = {
    demoted: () => ask('PATCH', url, { token, body: { access: 1 } }),
    'demoted and disabled': () => ask('PATCH', url, { token, body: { access: 0, disabled: true } }),
    disabled: () => ask('PATCH', url, { token, body: { disabled: true } }),
    deleted: () => ask('DELETE', url, { token }),
    leaving: () => ask('DELETE', '/me', { token }),
  };
  for (const [name, attempt] of Object.entries(attempts))
    t.match((await attempt()).body, { status: 409, type: /last-admin$/ }, name);
  const byElevated = await ask('DELETE', url, { token: await sessionToken(hour.id) });
  t.match(byElevated.body, { status: 403, required: 2, actual: 1 }, 'by an admin for an hour');
  t.match((await ask('GET', url, { token })).body, { access: 2, disabled: false });

  const second = await person(2);
  t.equal(
    (await ask('PATCH', url, { token, body: { access: 1 } })).status,
    200,
    'with another one he may go',
  );
  t.equal((await ask('DELETE', `/users/${second.id}`, { token: second.token })).status, 409);
});

t.test('An admin who cannot sign in does not count', async (t) => {
  const { ask, person, app } = await startApi(t);
  const { db } = app.accounts;
  const [admin, other] = [await person(2), await person(2)];
  const leave = () => ask('PATCH', `/users/${admin.id}`, { token: admin.token, body: { access: 1 } });
  await db.user.update({ where: { id: other.id }, data: { passwordHash: unusableHash() } });
  t.match((await leave()).body, { status: 409, slug: 'last-admin' });
  await addPasskey({ app }, other.id);
  t.equal((await leave()).status, 200, 'by a passkey');
});

t.test('Methods that SIGN_IN_METHODS leaves out do not count', async (t) => {
  for (const [methods, status] of [
    ['passkey', 409],
    ['passkey,email', 200],
  ] as const) {
    const { ask, person, app } = await startApi(t, { SIGN_IN_METHODS: methods });
    const [admin, _] = [await person(2), await person(2)];
    const { token } = admin;
    const answer = await ask('PATCH', `/users/${admin.id}`, { token, body: { access: 1 } });
    t.equal(answer.status, status, methods);
    t.equal(await app.accounts.db.user.count({ where: { permanentAccess: 2 } }), status === 409 ? 2 : 1);
  }
});

t.test('One of two admins who remove each other at the same moment on two processes remains', async (t) => {
  const first = await startApi(t);
  const { DATABASE_URL, DATA_DIR } = { DATABASE_URL: first.databaseUrl, DATA_DIR: first.app.config.dataDir };
  const second = await startApi(t, { DATABASE_URL, DATA_DIR });
  const { db } = first.app.accounts;

  type End = (api: Api, actor: Person, target: Person) => Promise<{ status: number }>;
  const ends: Record<string, End> = {
    demote: ({ ask }, { token }, { id }) => ask('PATCH', `/users/${id}`, { token, body: { access: 1 } }),
    disable: ({ ask }, { token }, { id }) =>
      ask('PATCH', `/users/${id}`, { token, body: { disabled: true } }),
    delete: ({ ask }, { token }, { id }) => ask('DELETE', `/users/${id}`, { token }),
    leave: ({ ask }, { token }) => ask('DELETE', '/me', { token }),
  };
  for (const [name, end] of Object.entries(ends)) {
    for (let round = 0; round < 10; round++) {
      await db.user.deleteMany();
      const [ada, grace] = [await first.person(2), await first.person(2)];
      const answers = await Promise.all([end(first, ada, grace), end(second, grace, ada)]);
      const left = await db.user.count({ where: { permanentAccess: 2, disabled: false } });
      const statuses = answers.map(({ status }) => status).sort();
      t.equal(left, 1, `${name}, round ${round}: ${statuses}`);
      t.ok(statuses[0]! < 300 && [401, 409].includes(statuses[1]!), `${name}, round ${round}: ${statuses}`);
    }
  }
});

t.test('One of ten admins who all leave at the same moment stays', async (t) => {
  const { ask, person, app } = await startApi(t);
  const admins = await Promise.all(Array.from({ length: 10 }, () => person(2)));
  const answers = await Promise.all(admins.map(({ token }) => ask('DELETE', '/me', { token })));
  t.equal(answers.filter(({ status }) => status === 204).length, 9);
  t.equal(answers.filter(({ status }) => status === 409).length, 1);
  t.equal(await app.accounts.db.user.count(), 1);
});
