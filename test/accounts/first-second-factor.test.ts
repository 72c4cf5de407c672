/** A first second factor that raises the level takes a mailed code too, and mails say what is to be done. */
import t, { type Test } from 'tap';
import { type Answer, type Api, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { open, readClaims } from './client.ts';
import { begin, codeOf, enrol, wrongCodeOf } from './second-factor.ts';

const FROM_ADMIN = { SECOND_FACTOR_FROM: 'admin' };
const api = await startApi(t, { ...NO_MAIL_SERVER, ...FROM_ADMIN });
const { ask, app } = api;
const { db } = app.accounts;

const confirm = (token: string, body: object) => ask('POST', '/me/totp/confirm', { token, body });
const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string, name = slug) =>
  t.strictSame([status, body.slug], [expected, slug], name);

/** The last code that was mailed to an address. */
async function mailedTo({ email }: Pick<Person, 'email'>, from: Api = api): Promise<string | undefined> {
  const mails = (await waitingFor(from, email)).filter(({ template }) => template === 'second-factor-code');
  return mails.at(-1)?.values.code;
}

/** Changes the address of a person, as a thief of the password could. */
async function move({ token }: Pick<Person, 'token'>, email: string): Promise<{ email: string }> {
  t.equal((await ask('PUT', '/me/email', { token, body: { email } })).status, 202);
  const body = { token: await tokenFor(api, email, 'email-change') };
  t.equal((await ask('POST', '/email/verify', { body })).status, 200);
  return { email };
}

const otherThan = (code: string | undefined) => (code === '12345678' ? '87654321' : '12345678');

t.test('Who has the password of an admin alone cannot be the first to enrol', async (t) => {
  const admin = await api.person(2);
  t.equal(readClaims(admin.token).access, 1, 'one factor: the level below');
  const app = await begin(api, admin.token);
  t.equal(app.answer.body.mailCodeRequired, true);
  const mailCode = await mailedTo(admin);
  t.match(mailCode, /^[0-9]{8}$/);
  t.notMatch(JSON.stringify(await db.pendingTotp.findMany()), mailCode, 'only a hash is stored');
  const missing = await confirm(admin.token, { code: codeOf(app) });
  isProblem(t, missing, 400, 'validation-failed');
  t.match(missing.body.errors, [{ in: 'body', pointer: '/mailCode', code: 'required' }]);
  const pending = () => db.pendingTotp.findFirstOrThrow({ where: { session: { userId: admin.id } } });
  t.equal((await pending()).tries, 0, 'a missing one is no try');
  const wrong = { code: codeOf(app), mailCode: otherThan(mailCode) };
  isProblem(t, await confirm(admin.token, wrong), 401, 'wrong-code', 'the mailed code');
  t.equal((await pending()).tries, 1, 'a wrong one is');
  isProblem(
    t,
    await confirm(admin.token, { code: wrongCodeOf(app), mailCode }),
    401,
    'wrong-code',
    'the other',
  );
  const { status, body } = await confirm(admin.token, { code: codeOf(app), mailCode });
  t.equal(status, 200);
  t.match(readClaims(body.accessToken), { acr: '2', access: 2 });
  t.equal((await ask('GET', '/control-panel', { token: body.accessToken })).status, 200);

  const again = await begin(api, body.accessToken);
  t.equal(again.answer.body.mailCodeRequired, false, 'a second one raises nothing');
});

t.test('Wrong mailed codes use up the five tries', async (t) => {
  const admin = await api.person(2);
  const app = await begin(api, admin.token);
  const mailCode = await mailedTo(admin);
  for (let n = 0; n < 5; n++)
    await confirm(admin.token, { code: codeOf(app), mailCode: otherThan(mailCode) });
  isProblem(t, await confirm(admin.token, { code: codeOf(app), mailCode }), 409, 'totp-not-pending');
});

t.test('Three codes an hour are mailed to an address', async (t) => {
  const admin = await api.person(2);
  for (let n = 0; n < 3; n++) await begin(api, admin.token);
  const refused = await ask('POST', '/me/totp', { token: admin.token });
  isProblem(t, refused, 429, 'too-many-requests');
  t.equal(refused.headers['retry-after'], '3600');
});

t.test('While a change of the address can be stopped, the code goes to the first address', async (t) => {
  const admin = await api.person(2);
  const second = await move(admin, 'second@example.com');
  const third = await move(admin, 'third@example.com');
  const app = await begin(api, admin.token);
  t.strictSame([await mailedTo(second), await mailedTo(third)], [undefined, undefined]);
  const body = { code: codeOf(app), mailCode: await mailedTo(admin) };
  t.match(body.mailCode, /^[0-9]{8}$/);
  t.equal((await confirm(admin.token, body)).status, 200);

  const other = await api.person(2);
  const moved = await move(other, 'moved@example.com');
  await db.emailChangeStop.updateMany({ where: { userId: other.id }, data: { expiresAt: new Date() } });
  await begin(api, other.token);
  t.match([await mailedTo(other), await mailedTo(moved)], [undefined, /^[0-9]{8}$/], 'afterwards to the new');
});

t.test('Below the level no code is asked for, and a raised level asks for one', async (t) => {
  const [user, promoted] = [await api.person(1), await api.person(1)];
  t.equal((await begin(api, user.token)).answer.body.mailCodeRequired, false);
  t.equal(await mailedTo(user), undefined);
  const app = await begin(api, promoted.token);
  const admin = await enrolAdmin(api);
  await ask('PATCH', `/users/${promoted.id}`, { token: admin, body: { access: 2 } });
  // The session goes on with a token of the new generation.
  const { refreshToken } = promoted;
  const { body } = await ask('POST', '/refresh', { body: { refreshToken } });
  isProblem(t, await confirm(body.accessToken, { code: codeOf(app) }), 409, 'totp-not-pending');
  t.equal((await begin(api, body.accessToken)).answer.body.mailCodeRequired, true);
});

/** An admin with two factors. */
async function enrolAdmin(api: Api): Promise<string> {
  const admin = await api.person(2);
  const app = await begin(api, admin.token);
  const mailCode = await mailedTo(admin, api);
  const body = { code: codeOf(app), ...(mailCode !== undefined && { mailCode }) };
  return (await api.ask('POST', '/me/totp/confirm', { token: admin.token, body })).body.accessToken;
}

t.test('Without a mail server, or without such a level, none is asked for', async (t) => {
  for (const variables of [FROM_ADMIN, NO_MAIL_SERVER]) {
    const other = await startApi(t, variables);
    const admin = await other.person(2);
    const { token } = await enrol(other, admin);
    t.match(readClaims(token), { acr: '2', access: 2 });
  }
});

t.test('The mails of a level that asks for a second factor say what is to be done', async (t) => {
  const token = await enrolAdmin(api);
  const [one, two] = [await api.person(1), await api.person(1)];
  await enrol(api, two);
  const adviceFor = async (email: string, template: string) => {
    const mails = (await waitingFor(api, email)).filter((mail) => mail.template === template);
    return mails.at(-1)?.values.advice;
  };
  for (const { id, email } of [one, two]) {
    const { body } = await ask('PATCH', `/users/${id}`, { token, body: { access: 2 } });
    t.equal(body.secondFactor, id === two.id, 'the answer says who has none');
    const advice = await adviceFor(email, 'access-changed');
    if (id === two.id) t.equal(advice, '', 'nothing is to be done');
    else t.match(advice, /^ It asks for a second factor: .*authenticator app.* "user"\.$/);
    await ask('PATCH', `/users/${id}`, { token, body: { access: 1 } });
    t.equal(await adviceFor(email, 'access-changed'), '', 'the level below');
  }
  for (const [email, access, advice] of [
    ['new-admin@example.com', 2, /second factor/],
    ['new-user@example.com', 1, /^$/],
  ] as const) {
    t.equal((await ask('POST', '/invitations', { token, body: { email, access } })).status, 201);
    t.match(await adviceFor(email, 'invitation'), advice);
  }
  const { accessToken } = await open(api, one.id);
  t.equal((await ask('GET', '/me', { token: accessToken })).status, 200);
});
