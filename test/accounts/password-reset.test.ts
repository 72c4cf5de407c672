/** Resets of forgotten passwords. */
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { isAccepted, refresh } from './client.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const NEW = 'a password that was set anew';

const forgot = (email: string) => ask('POST', '/password/forgot', { body: { email } });
const reset = (token: string, newPassword = NEW) =>
  ask('POST', '/password/reset', { body: { token, newPassword } });
const signIn = (email: string, password: string) => ask('POST', '/login', { body: { email, password } });

t.test('A reset sets the password, ends every session and notifies the owner', async (t) => {
  const ada = await person(1);
  t.equal((await forgot(ada.email.toUpperCase())).status, 202);
  const token = await tokenFor(api, ada.email, 'password-reset');
  t.ok(await isAccepted(api, ada.token), 'asking changes nothing');
  t.equal((await reset(token)).status, 204);
  t.notOk(await isAccepted(api, ada.token));
  t.equal((await refresh(api, ada.refreshToken)).status, 401);
  t.equal((await signIn(ada.email, PASSWORD)).status, 401);
  t.equal((await signIn(ada.email, NEW)).status, 200);
  const kinds = (await waitingFor(api, ada.email)).map(({ template }) => template);
  t.strictSame(kinds, ['password-changed'], 'the mail of the reset is taken back');
  t.match((await reset(token)).body, { status: 403, type: /mail-token-invalid$/ }, 'once');
});

t.test(
  'An unknown, a disabled and a known address get the same answer and leave the same rows',
  async (t) => {
    const [known, disabled] = [await person(1), await person(1)];
    await db.user.update({ where: { id: disabled.id }, data: { disabled: true } });
    const answers = [];
    for (const email of [known.email, disabled.email, 'nobody@example.com']) {
      const before = [await db.mail.count(), await db.passwordReset.count()];
      answers.push(await forgot(email));
      const after = [await db.mail.count(), await db.passwordReset.count()];
      t.strictSame(
        after,
        before.map((count) => count + 1),
        email,
      );
    }
    for (const answer of answers) t.strictSame([answer.status, answer.body], [202, answers[0]!.body]);
    t.strictSame(await waitingFor(api, disabled.email), [], 'the disabled one gets no mail');
    t.strictSame(await waitingFor(api, 'nobody@example.com'), []);
    t.equal((await waitingFor(api, known.email)).length, 1);
  },
);

t.test('A new mail replaces the token, and after 3 mails an hour the last token stays valid', async (t) => {
  const { email } = await person(1);
  const tokens = [];
  for (let i = 0; i < 5; i++) {
    await forgot(email);
    tokens.push(await tokenFor(api, email, 'password-reset'));
  }
  t.equal(new Set(tokens).size, 3);
  t.equal(await db.mail.count({ where: { recipient: email } }), 3);
  for (const token of tokens.slice(0, 2)) t.equal((await reset(token)).status, 403);
  t.equal((await reset(tokens[4]!)).status, 204);
});

t.test('Repeated registrations of an address block neither a reset nor an invitation', async (t) => {
  const [{ email }, admin] = [await person(1), await person(2)];
  const guest = 'not-here-yet@example.com';
  for (const address of [email, guest])
    for (let i = 0; i < 4; i++)
      await api.ask('POST', '/register', { body: { name: 'Mallory', email: address, password: PASSWORD } });
  await forgot(email);
  t.equal((await reset(await tokenFor(api, email, 'password-reset'))).status, 204);
  const invited = await api.ask('POST', '/invitations', { token: admin.token, body: { email: guest } });
  t.equal(invited.status, 201);
  t.match(await tokenFor(api, guest, 'invitation'), /./);
});

t.test('A reset token is valid for 30 minutes', async (t) => {
  const { id, email } = await person(1);
  await forgot(email);
  const { createdAt, expiresAt } = await db.passwordReset.findFirstOrThrow({ where: { userId: id } });
  t.equal(expiresAt.getTime() - createdAt.getTime(), 30 * 60_000);
  const token = await tokenFor(api, email, 'password-reset');
  await db.passwordReset.updateMany({ where: { userId: id }, data: { expiresAt: createdAt } });
  t.match((await reset(token)).body, { status: 403, type: /mail-token-invalid$/ });
  t.equal((await signIn(email, PASSWORD)).status, 200);
});

t.test('A reset token is void after a new password, a disabling or a deletion', async (t) => {
  const admin = await person(2);
  const ends: Record<string, (user: { id: string; token: string }) => Promise<{ status: number }>> = {
    'a changed password': ({ token }) =>
      ask('PUT', '/me/password', { token, body: { currentPassword: PASSWORD, newPassword: NEW } }),
    'a disabled user': ({ id }) =>
      ask('PATCH', `/users/${id}`, { token: admin.token, body: { disabled: true } }),
    'a deleted user': ({ id }) => ask('DELETE', `/users/${id}`, { token: admin.token }),
  };
  for (const [name, end] of Object.entries(ends)) {
    const user = await person(1);
    await forgot(user.email);
    const token = await tokenFor(api, user.email, 'password-reset');
    t.ok([200, 204].includes((await end(user)).status), name);
    t.equal((await reset(token)).status, 403, name);
    const mails = await waitingFor(api, user.email);
    t.notOk(
      mails.some(({ template }) => template === 'password-reset'),
      `${name}: nor is it mailed`,
    );
  }
});

t.test('One of ten resets with the same token at the same moment succeeds', async (t) => {
  const { email } = await person(1);
  await forgot(email);
  const token = await tokenFor(api, email, 'password-reset');
  const passwords = Array.from({ length: 10 }, (_, index) => `${NEW} ${index}`);
  const answers = await Promise.all(passwords.map((password) => reset(token, password)));
  const winners = passwords.filter((_, index) => answers[index]!.status === 204);
  t.equal(winners.length, 1);
  for (const { status } of answers) t.ok(status === 204 || status === 403, `${status}`);
  t.equal((await signIn(email, winners[0]!)).status, 200);
});

t.test('A production service without a mail server refuses requests that need a mail', async (t) => {
  const { privateKey } = (await import('node:crypto')).generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { ask, person } = await startApi(t, {
    NODE_ENV: 'production',
    SECRET: 'a secret of a test, longer than 32 characters',
    JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
  const { token } = await person(2);
  const answers = [
    await ask('POST', '/password/forgot', { body: { email: 'ada@example.com' } }),
    await ask('PUT', '/me/email', { token, body: { email: 'ada@example.com' } }),
    await ask('POST', '/invitations', { token, body: { email: 'ada@example.com' } }),
  ];
  for (const { body } of answers) t.match(body, { status: 503, type: /mail-not-configured$/ });
  const registered = await ask('POST', '/register', {
    body: { name: 'Ada', email: 'ada@example.com', password: PASSWORD },
  });
  t.equal(registered.status, 201, 'registering works as before');
});
