/**
 * Changes of the email address: requested with the password, confirmed by the new address, notified to the
 * old one.
 */
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
let addresses = 0;
const newAddress = () => `new-${addresses++}@example.com`;

const change = (token: string, email: string, password = PASSWORD) =>
  ask('PUT', '/me/email', { token, body: { email, password } });
const verify = (token: string, password = PASSWORD) =>
  ask('POST', '/email/verify', { body: { token, password } });
const kinds = async (email: string) => (await waitingFor(api, email)).map(({ template }) => template);

t.test('The address changes when the new one confirms, and the old one gets a notice', async (t) => {
  const ada = await person(1);
  const email = newAddress();
  t.equal((await change(ada.token, email)).status, 202);
  t.match((await ask('GET', '/me', { token: ada.token })).body, { email: ada.email }, 'not yet');
  const token = await tokenFor(api, email, 'email-change');
  t.match((await verify(token, 'not the password at all')).body, { status: 403, type: /wrong-password$/ });
  t.match((await verify(token)).body, { id: ada.id, email });
  t.strictSame(await kinds(ada.email), ['email-changed']);
  t.match((await ask('GET', '/me', { token: ada.token })).body, { email }, 'the session goes on');
  t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  t.equal((await ask('POST', '/login', { body: { email: ada.email, password: PASSWORD } })).status, 401);
  t.equal((await verify(token)).status, 403, 'once');
});

t.test('A change of address requires the password', async (t) => {
  const { token } = await person(1);
  const email = newAddress();
  t.match((await change(token, email, 'not the password at all')).body, {
    status: 403,
    type: /wrong-password$/,
  });
  t.strictSame(await waitingFor(api, email), []);
});

t.test('A taken address gets the same answer, and its owner gets a mail without a token', async (t) => {
  const [ada, grace] = [await person(1), await person(1)];
  const [taken, free] = [await change(ada.token, grace.email), await change(ada.token, newAddress())];
  t.strictSame([taken.status, taken.body], [free.status, free.body]);
  t.strictSame(await kinds(grace.email), ['account-exists']);
});

t.test('The first user who confirms an address gets it', async (t) => {
  const [ada, grace] = [await person(1), await person(1)];
  const email = newAddress();
  await change(ada.token, email);
  await change(grace.token, email);
  const mails = (await waitingFor(api, email)).map(({ values }) => values.token!);
  t.equal((await verify(mails[1]!)).status, 200);
  t.match((await verify(mails[0]!)).body, { status: 409, type: /email-taken$/ });
  t.match(await db.user.findUnique({ where: { email } }), { id: grace.id });
});

t.test('A new request, a new password and a new address void the outstanding mail', async (t) => {
  const ada = await person(1);
  const [first, second] = [newAddress(), newAddress()];
  await change(ada.token, first);
  const old = await tokenFor(api, first, 'email-change');
  await change(ada.token, second);
  t.equal((await verify(old)).status, 403, 'the one before');
  t.strictSame(await kinds(first), [], 'nor is it mailed any more');

  const token = await tokenFor(api, second, 'email-change');
  await ask('POST', '/password/forgot', { body: { email: ada.email } });
  const forgotten = await tokenFor(api, ada.email, 'password-reset');
  t.equal((await verify(token)).status, 200);
  const body = { token: forgotten, newPassword: 'a password that was set anew' };
  t.equal((await ask('POST', '/password/reset', { body })).status, 403, 'the reset of the old address');

  await change(ada.token, newAddress());
  const third = await tokenFor(api, `new-${addresses - 1}@example.com`, 'email-change');
  const change2 = { currentPassword: PASSWORD, newPassword: 'a password that was changed' };
  t.equal((await ask('PUT', '/me/password', { token: ada.token, body: change2 })).status, 200);
  t.equal((await verify(third, 'a password that was changed')).status, 403, 'asked for before the change');
});

t.test('Deleting the own account requires the password and removes all its data', async (t) => {
  const ada = await person(1);
  await person(2);
  const leave = (password: string) => ask('DELETE', '/me', { token: ada.token, body: { password } });
  t.match((await leave('not the password at all')).body, { status: 403, type: /wrong-password$/ });
  t.ok((await db.personalData.count({ where: { subjectId: ada.id } })) > 0);
  t.equal((await leave(PASSWORD)).status, 204);
  t.equal((await ask('GET', '/me', { token: ada.token })).status, 401);
  t.equal((await ask('POST', '/login', { body: { email: ada.email, password: PASSWORD } })).status, 401);
  t.equal(await db.personalData.count({ where: { subjectId: ada.id } }), 0);
  t.match(await db.auditEvent.findFirst({ where: { action: 'user.deleted' } }), { targetId: ada.id });
});
