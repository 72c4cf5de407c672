/** Tests the whole life of an account, through HTTP and mail alone. */
import t from 'tap';
import { type Api, PASSWORD, startApi } from './helper.ts';
import { type MailServer, startMailServer, tokenIn } from './mail-server.ts';
import { until } from './until.ts';

const NEW = 'a password that was set anew';
const server = await startMailServer(t);
const api = await startApi(t, { SMTP_URL: server.url, FRONTEND_URL: 'https://app.example.com' });

const signIn = async ({ ask }: Api, email: string, password: string) =>
  ask('POST', '/login', { body: { email, password } });

/**
 * Returns the last mail of an address.
 *
 * @param count number of mails until then
 */
async function lastMail({ waitFor }: MailServer, address: string, count: number) {
  const mail = (await waitFor(address, count)).at(-1)!;
  t.equal((await waitFor(address, count)).length, count, `${address} has ${count} mails`);
  return mail;
}

t.test('A user is invited, accepts, resets the password, is elevated for an hour and leaves', async (t) => {
  const { ask, person } = api;
  const admin = await person(2);
  const email = 'ada@example.com';

  const invited = await ask('POST', '/invitations', { token: admin.token, body: { email, name: 'Ada' } });
  t.equal(invited.status, 201);
  const invitation = await lastMail(server, email, 1);
  t.match(invitation, { subject: 'You are invited', to: [{ address: email }] });
  t.match(invitation.text, 'https://app.example.com/accept-invitation#token=');
  const accepted = await ask('POST', '/invitations/accept', {
    body: { token: tokenIn(invitation), name: 'Ada', password: PASSWORD },
  });
  t.match(accepted, { status: 201, body: { email, access: 1 } });
  const { id } = accepted.body;
  const first = await signIn(api, email, PASSWORD);
  t.equal(first.status, 200);

  t.equal((await ask('POST', '/password/forgot', { body: { email } })).status, 202);
  const forgotten = await lastMail(server, email, 2);
  t.equal(forgotten.subject, 'Set a new password');
  const reset = await ask('POST', '/password/reset', {
    body: { token: tokenIn(forgotten), newPassword: NEW },
  });
  t.equal(reset.status, 204);
  t.equal((await lastMail(server, email, 3)).subject, 'Your password was changed');
  t.equal(
    (await ask('GET', '/me', { token: first.body.accessToken })).status,
    401,
    'every session has ended',
  );
  t.equal((await signIn(api, email, PASSWORD)).status, 401);
  const second = await signIn(api, email, NEW);

  // An hour, in the time of the test.
  const accessUntil = new Date((Math.floor(Date.now() / 1000) + 4) * 1000).toISOString();
  const promoted = await ask('PATCH', `/users/${id}`, {
    token: admin.token,
    body: { access: 2, accessUntil, reason: 'on call' },
  });
  t.match(promoted.body, { access: 2, permanentAccess: 1, accessUntil });
  const notice = await lastMail(server, email, 4);
  t.match(notice.text, `It is now: admin until ${accessUntil}.`);
  const elevated = await ask('POST', '/refresh', { body: { refreshToken: second.body.refreshToken } });
  t.equal((await ask('GET', '/control-panel', { token: elevated.body.accessToken })).status, 200);

  await until(async () => (await ask('GET', '/me', { token: elevated.body.accessToken })).status === 401);
  const fallen = await ask('POST', '/refresh', { body: { refreshToken: elevated.body.refreshToken } });
  const token = fallen.body.accessToken;
  t.match((await ask('GET', '/me', { token })).body, { access: 1, accessUntil: null });
  t.match((await ask('GET', '/control-panel', { token })).body, { status: 403, required: 2, actual: 1 });

  t.equal((await ask('DELETE', '/me', { token })).status, 204);
  t.equal((await ask('GET', '/me', { token })).status, 401);
  t.equal((await signIn(api, email, NEW)).status, 401);
  t.equal((await ask('GET', `/users/${id}`, { token: admin.token })).status, 404);
  t.equal((await server.waitFor(email, 4)).length, 4, 'and no mail too many');
});

t.test(
  'A registration with the address of another person gives no access to its owner’s account',
  async (t) => {
    const { ask } = api;
    const email = 'grace@example.com';
    const register = (name: string, password: string) =>
      ask('POST', '/register', { body: { name, email, password } });
    const verify = (token: string, password: string) =>
      ask('POST', '/email/verify', { body: { token, password } });

    await register('Mallory', 'a stranger types this one');
    const strangers = await lastMail(server, email, 1);
    t.notMatch(JSON.stringify(strangers), /Mallory/, 'nothing that the stranger typed');
    await register('Grace', PASSWORD);
    const own = await lastMail(server, email, 2);

    t.match((await verify(tokenIn(strangers), PASSWORD)).body, { status: 403, type: /wrong-password$/ });
    t.match(await verify(tokenIn(own), PASSWORD), { status: 200, body: { email, name: 'Grace' } });
    t.equal((await verify(tokenIn(strangers), 'a stranger types this one')).status, 403);
    t.equal((await signIn(api, email, 'a stranger types this one')).status, 401);
    t.equal((await signIn(api, email, PASSWORD)).status, 200);

    t.equal((await register('Mallory', 'a stranger types this one')).status, 202);
    t.equal((await lastMail(server, email, 3)).subject, 'You already have an account');
  },
);

t.test('A change of address is confirmed by the new address, and the old address is notified', async (t) => {
  const { ask, person } = api;
  const { email, token } = await person(1);
  const body = { email: 'new@example.com' };
  t.equal((await ask('PUT', '/me/email', { token, body })).status, 202);
  const confirmation = await lastMail(server, 'new@example.com', 1);
  const verified = await ask('POST', '/email/verify', {
    body: { token: tokenIn(confirmation) },
  });
  t.match(verified, { status: 200, body: { email: 'new@example.com' } });
  t.equal((await lastMail(server, email, 2)).subject, 'Your address was changed');
});
