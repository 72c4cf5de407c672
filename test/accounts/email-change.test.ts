/**
 * Changes of the email address: requested in a recent sign-in, confirmed by the new address, told to the old
 * one, which may stop them.
 */
import t from 'tap';
import { PASSWORD, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { open, pairOf, refresh, setTime } from './client.ts';
import { enrol } from './second-factor.ts';
import { addTotp } from './totp.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'password,passkey,email' });
const { ask, app, person } = api;
const { db } = app.accounts;
let addresses = 0;
const newAddress = () => `new-${addresses++}@example.com`;

const change = (token: string, email: string) => ask('PUT', '/me/email', { token, body: { email } });
const verify = (token: string) => ask('POST', '/email/verify', { body: { token } });
const stop = (token: string) => ask('POST', '/email/stop', { body: { token } });
const kinds = async (email: string) => (await waitingFor(api, email)).map(({ template }) => template);
const stopToken = ({ email }: Pick<Person, 'email'>) => tokenFor(api, email, 'email-change-requested');
const signIn = (email: string) => ask('POST', '/login', { body: { email, password: PASSWORD } });
const isSignedIn = async (token: string) => (await ask('GET', '/me', { token })).status === 200;

/** Changes the address of a person, and returns the new one. */
async function move({ token }: Pick<Person, 'token'>): Promise<string> {
  const email = newAddress();
  await change(token, email);
  t.equal((await verify(await tokenFor(api, email, 'email-change'))).status, 200);
  return email;
}

t.test('The address changes when the new one confirms, and the old one gets a notice', async (t) => {
  const ada = await person(1);
  const email = newAddress();
  t.equal((await change(ada.token, email)).status, 202);
  t.match((await ask('GET', '/me', { token: ada.token })).body, { email: ada.email }, 'not yet');
  t.strictSame(await kinds(ada.email), ['email-change-requested'], 'told when it is asked for');
  const token = await tokenFor(api, email, 'email-change');
  t.match((await verify(token)).body, { id: ada.id, email });
  t.strictSame(await kinds(ada.email), ['email-change-requested', 'email-changed']);
  t.match((await ask('GET', '/me', { token: ada.token })).body, { email }, 'the session goes on');
  t.equal((await signIn(email)).status, 200);
  t.equal((await signIn(ada.email)).status, 401);
  t.equal((await verify(token)).status, 403, 'once');
});

t.test('A change of address, and leaving, require a recent sign-in and take no password', async (t) => {
  const ada = await person(1);
  const late = await open(api, ada.id);
  await setTime(api, late.sessionId, 'authenticatedAt', -1_000);
  const { accessToken: token } = pairOf(await refresh(api, late.refreshToken));
  const email = newAddress();
  const problem = { status: 401, slug: 'recent-sign-in-required' };
  t.match((await change(token, email)).body, problem);
  t.match((await ask('DELETE', '/me', { token })).body, problem);
  const unknown = { status: 400, errors: [{ pointer: '/password', code: 'unknown' }] };
  const body = { email, password: PASSWORD };
  t.match((await ask('PUT', '/me/email', { token: ada.token, body })).body, unknown);
  t.match((await ask('DELETE', '/me', { token: ada.token, body: { password: PASSWORD } })).body, unknown);
  t.strictSame(await waitingFor(api, email), []);
});

t.test('An account with a second factor needs two for a change of address and for leaving', async (t) => {
  const ada = await person(1);
  await addTotp(api, ada.id);
  const problem = { status: 401, slug: 'two-factors-required' };
  const refused = [await change(ada.token, newAddress()), await ask('DELETE', '/me', { token: ada.token })];
  for (const { body, headers } of refused) {
    t.match(body, problem);
    t.match(headers['www-authenticate'], /acr_values="2", max_age=900, resource_metadata=/);
  }
});

t.test('A first second factor voids a change that one factor had asked for', async (t) => {
  const ada = await person(1);
  const thief = await open(api, ada.id);
  const email = newAddress();
  await change(thief.accessToken, email);
  const token = await tokenFor(api, email, 'email-change');
  await enrol(api, ada);
  t.match((await verify(token)).body, { status: 403, slug: 'mail-token-invalid' });
  t.strictSame(await kinds(email), [], 'nor is it mailed any more');
});

t.test('The old address stops a change that is not confirmed, and ends all sessions', async (t) => {
  const ada = await person(1);
  const email = newAddress();
  await change(ada.token, email);
  const token = await tokenFor(api, email, 'email-change');
  const stopping = await stopToken(ada);
  t.equal((await stop(stopping)).status, 204);
  t.notOk(await isSignedIn(ada.token));
  t.match((await verify(token)).body, { status: 403, slug: 'mail-token-invalid' });
  t.match(await db.user.findUnique({ where: { id: ada.id } }), { email: ada.email });
  t.match((await stop(stopping)).body, { status: 403, slug: 'mail-token-invalid' }, 'once');
  const event = await db.auditEvent.findFirst({
    where: { action: 'user.email-change-stopped', targetId: ada.id },
  });
  t.match(event, { actorId: null, after: '{"restored":false}' });
});

t.test('The old address gets the account back, however often the address was changed since', async (t) => {
  const ada = await person(1);
  const first = await move(ada);
  const second = await move(ada);
  const thiefs = await stopToken({ email: first });
  t.equal((await stop(await stopToken(ada))).status, 204);
  t.match(await db.user.findUnique({ where: { id: ada.id } }), { email: ada.email });
  t.notOk(await isSignedIn(ada.token));
  t.strictSame((await kinds(second)).at(-1), 'email-changed', 'the address that lost it is told');
  t.equal((await signIn(ada.email)).status, 200);
  t.equal((await stop(thiefs)).status, 403, 'a later address cannot take it again');
});

t.test('A token that stops a change outlives a new password, and ends after three days', async (t) => {
  const ada = await person(1);
  const email = await move(ada);
  await ask('POST', '/password/forgot', { body: { email } });
  const reset = { token: await tokenFor(api, email, 'password-reset'), newPassword: 'a password of a thief' };
  t.equal((await ask('POST', '/password/reset', { body: reset })).status, 204);
  const token = await stopToken(ada);
  const row = await db.emailChangeStop.findFirstOrThrow({ where: { userId: ada.id } });
  t.equal(row.expiresAt.getTime() - row.createdAt.getTime(), 3 * 86_400_000);
  await db.emailChangeStop.update({
    where: { id: row.id },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });
  t.equal((await stop(token)).status, 403, 'too late');
  await db.emailChangeStop.update({ where: { id: row.id }, data: { expiresAt: row.expiresAt } });
  t.equal((await stop(token)).status, 204);
  t.match(await db.user.findUnique({ where: { id: ada.id } }), { email: ada.email });
});

t.test('An address that another account has by then is not given back, and the sessions end', async (t) => {
  const ada = await person(1);
  const email = await move(ada);
  const grace = await person(1);
  await db.user.update({ where: { id: grace.id }, data: { email: ada.email, emailKey: ada.email } });
  t.match((await stop(await stopToken(ada))).body, { status: 409, slug: 'email-taken' });
  t.notOk(await isSignedIn(ada.token));
  t.ok(await isSignedIn(grace.token));
  t.match(await db.user.findUnique({ where: { id: ada.id } }), { email });
});

t.test('The present address is told of three requests an hour, and no further one is taken', async (t) => {
  const ada = await person(1);
  const wanted = Array.from({ length: 5 }, newAddress);
  for (const email of wanted) t.equal((await change(ada.token, email)).status, 202);
  t.equal((await kinds(ada.email)).length, 3);
  t.strictSame(await kinds(wanted[3]!), []);
  t.equal(await db.emailChange.count({ where: { userId: ada.id, email: wanted[2]! } }), 1);
});

t.test('A change of address ends with the epoch of its user', async (t) => {
  const [ada, admin] = [await person(1), await person(2)];
  const email = newAddress();
  await change(ada.token, email);
  const token = await tokenFor(api, email, 'email-change');
  t.equal((await ask('DELETE', `/users/${ada.id}/sessions`, { token: admin.token })).status, 204);
  t.match((await verify(token)).body, { status: 403, slug: 'mail-token-invalid' });
});

t.test('A taken address gets the same answer, and its owner gets a mail without a token', async (t) => {
  const [ada, grace] = [await person(1), await person(1)];
  const [taken, free] = [await change(ada.token, grace.email), await change(ada.token, newAddress())];
  t.strictSame([taken.status, taken.body], [free.status, free.body]);
  t.strictSame(await kinds(grace.email), ['account-exists']);
  t.strictSame(await kinds(ada.email), ['email-change-requested', 'email-change-requested']);
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
  const { flow } = (await ask('POST', '/login/email', { body: { email: ada.email } })).body;
  const mail = (await waitingFor(api, ada.email)).find(({ template }) => template === 'sign-in-code');
  t.equal((await verify(token)).status, 200);
  const body = { token: forgotten, newPassword: 'a password that was set anew' };
  t.equal((await ask('POST', '/password/reset', { body })).status, 403, 'the reset of the old address');
  const signedIn = await ask('POST', '/login/email/verify', { body: { flow, code: mail?.values.code } });
  t.match(signedIn, { status: 401, body: { slug: 'challenge-invalid' } }, 'a code for the old address');
  t.notOk((await kinds(ada.email)).includes('sign-in-code'), 'nor is that mailed any more');

  await change(ada.token, newAddress());
  const third = await tokenFor(api, `new-${addresses - 1}@example.com`, 'email-change');
  const change2 = { currentPassword: PASSWORD, newPassword: 'a password that was changed' };
  t.equal((await ask('PUT', '/me/password', { token: ada.token, body: change2 })).status, 200);
  t.equal((await verify(third)).status, 403, 'asked for before the change');
});

t.test('Deleting the own account removes all its data', async (t) => {
  const ada = await person(1);
  await person(2);
  t.ok((await db.personalData.count({ where: { subjectId: ada.id } })) > 0);
  t.equal((await ask('DELETE', '/me', { token: ada.token })).status, 204, 'without a body');
  t.equal((await ask('GET', '/me', { token: ada.token })).status, 401);
  t.equal((await signIn(ada.email)).status, 401);
  t.equal(await db.personalData.count({ where: { subjectId: ada.id } }), 0);
  t.match(await db.auditEvent.findFirst({ where: { action: 'user.deleted' } }), { targetId: ada.id });
});
