/** A service that takes no passwords says so at each of them, and its contract is the same. */
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { addPasskey } from './authenticator.ts';
import { open } from './client.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'passkey' });
const { ask, app, person } = api;
const { db } = app.accounts;

t.test('Each use of a password is refused with one problem, and changes nothing', async (t) => {
  const { id, email } = await person(2);
  await addPasskey(api, id);
  const { accessToken: token } = await open(api, id, undefined, ['swk', 'user']);
  const counts = async () => [
    await db.user.count(),
    await db.failedTries.count(),
    await db.registration.count(),
    await db.mail.count(),
  ];
  const before = await counts();
  const newPassword = 'another horse, another battery';
  const resetToken = 'dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8';
  const requests: ['POST' | 'PUT', string, object][] = [
    ['POST', '/login', { email, password: PASSWORD }],
    ['POST', '/login', { email: 'nobody@example.com', password: PASSWORD }],
    ['POST', '/password/forgot', { email }],
    ['POST', '/password/reset', { token: resetToken, newPassword }],
    ['POST', '/register', { name: 'Ada', email: 'ada@example.com', password: PASSWORD }],
    ['POST', '/invitations/accept', { token: resetToken, name: 'Ada', password: PASSWORD }],
    ['PUT', '/me/password', { newPassword }],
    ['PUT', '/me/password', { currentPassword: PASSWORD, newPassword }],
    ['POST', '/me/reauthenticate', { password: PASSWORD }],
    ['POST', '/users', { name: 'Ada', email: 'ada@example.com', password: PASSWORD }],
  ];
  for (const [method, path, body] of requests) {
    const answer = await ask(method, path, { body, ...(/^\/(me|users)/.test(path) && { token }) });
    t.match(answer.body, { status: 404, slug: 'sign-in-method-off' }, path);
  }
  t.strictSame(await counts(), before);
  t.match((await ask('POST', '/login', { body: {} })).body, { status: 400 }, 'a wrong body comes first');
});

t.test('Without a mail server, a registration with a password is refused too', async (t) => {
  const closed = await startApi(t, { SIGN_IN_METHODS: 'passkey' });
  const body = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
  t.match((await closed.ask('POST', '/register', { body })).body, { slug: 'sign-in-method-off' });
  t.equal(await closed.app.accounts.db.user.count(), 0);
});

t.test('The contract does not depend on it', async (t) => {
  const other = await startApi(t);
  t.strictSame((await ask('GET', '/openapi.json')).body, (await other.ask('GET', '/openapi.json')).body);
});
