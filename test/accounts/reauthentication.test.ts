/**
 * Proving again who one is, with a second factor: what renews the time of the sign-in, and what raises a
 * session.
 */
import t from 'tap';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { isAccepted, open, pairOf, readClaims, refresh, setTime } from './client.ts';
import { newOwnerAt } from './totp.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, SECOND_FACTOR_FROM: 'admin' });
const { ask, app } = api;
const { db } = app.accounts;
const MINUTE = 60;

const prove = (token: string, body: object) => ask('POST', '/me/reauthenticate', { token, body });
const claimsIn = ({ status, text, body }: Answer) => {
  if (status !== 200) throw new Error(text);
  return readClaims(body.accessToken);
};
const rowOf = (id: string) => db.session.findUniqueOrThrow({ where: { id } });

/** A session of one factor, whose password was given some seconds ago. */
async function sessionOf(userId: string, seconds = 0) {
  const session = await open(api, userId);
  if (seconds === 0) return session;
  await setTime(api, session.sessionId, 'authenticatedAt', -seconds);
  return pairOf(await refresh(api, session.refreshToken));
}

t.test('The password alone is refused before it is verified, whatever it is', async (t) => {
  const owner = await newOwnerAt(api);
  const { accessToken, sessionId } = await sessionOf(owner.id, 5_000);
  const before = await rowOf(sessionId);
  const answers = [];
  for (const password of [PASSWORD, 'wrong wrong wrong'])
    answers.push(await prove(accessToken, { password }));
  for (const { status, headers, body } of answers) {
    t.equal(status, 401);
    t.match(
      headers['www-authenticate'],
      /error="insufficient_user_authentication", .*acr_values="2", resource_metadata=/,
    );
    t.strictSame({ ...body, requestId: '' }, { ...answers[0]?.body, requestId: '' });
  }
  t.equal(answers[0]?.body.slug, 'two-factors-required');
  t.strictSame(await rowOf(sessionId), before);
  const { throttle } = app.accounts;
  const counter = { where: { id: throttle.hash(['account', owner.email]) } };
  t.equal(await db.failedTries.findUnique(counter), null, 'no attempt');
});

t.test('The password together with a code renews the time and raises the session', async (t) => {
  const owner = await newOwnerAt(api, 2);
  for (const kind of ['code', 'recoveryCode'] as const) {
    const late = await sessionOf(owner.id, 5_000);
    t.match(readClaims(late.accessToken), { acr: '1', access: 1, access2: 2 });
    const code = kind === 'code' ? await owner.totp.code() : owner.totp.recoveryCodes[0];
    const answer = await prove(late.accessToken, { password: PASSWORD, [kind]: code });
    t.equal(answer.headers['cache-control'], 'no-store');
    const claims = claimsIn(answer);
    const amr = kind === 'code' ? ['pwd', 'otp', 'mfa'] : ['pwd', 'otp', 'recovery', 'mfa'];
    t.match(claims, { sid: late.sessionId, acr: '2', access: 2, amr });
    t.notOk('access2' in claims);
    t.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 10);
    t.equal((await ask('GET', '/control-panel', { token: answer.body.accessToken })).status, 200);
    t.ok(await isAccepted(api, late.accessToken), 'the token of before goes on');
    t.match(readClaims(pairOf(await refresh(api, late.refreshToken)).accessToken), { acr: '2', access: 2 });
  }
});

t.test('A wrong password, or a wrong code, renews nothing', async (t) => {
  const owner = await newOwnerAt(api);
  const { accessToken, sessionId } = await sessionOf(owner.id, 5_000);
  const before = await rowOf(sessionId);
  const code = await owner.totp.code();
  const wrong: [object, number, string][] = [
    [{ password: 'wrong wrong wrong', code }, 403, 'wrong-password'],
    [{ password: PASSWORD, code: await owner.totp.wrongCode() }, 401, 'wrong-code'],
    [{ password: PASSWORD, recoveryCode: '0000-0000-0000-0000' }, 401, 'wrong-code'],
  ];
  for (const [body, status, slug] of wrong) t.match((await prove(accessToken, body)).body, { status, slug });
  t.strictSame(await rowOf(sessionId), before);
  t.equal(
    (await prove(accessToken, { password: PASSWORD, code })).status,
    200,
    'none of them used the code up',
  );
  t.match((await prove(accessToken, { password: PASSWORD, code })).body, {
    status: 401,
    slug: 'code-already-used',
  });
});

t.test('A code alone raises a session whose first factor is recent, and dates nothing', async (t) => {
  const owner = await newOwnerAt(api, 2);
  const recent = await sessionOf(owner.id, 14 * MINUTE);
  const before = readClaims(recent.accessToken);
  const claims = claimsIn(await prove(recent.accessToken, { code: await owner.totp.code() }));
  t.match(claims, { acr: '2', amr: ['pwd', 'otp', 'mfa'], access: 2, auth_time: before.auth_time });

  const code = await owner.totp.code();
  const problem = { status: 401, slug: 'two-factors-required' };
  t.match((await prove(recent.accessToken, { code })).body, problem, 'there is nothing to raise');
  const late = await sessionOf(owner.id, 16 * MINUTE);
  t.match((await prove(late.accessToken, { code })).body, problem, 'too long ago');
  const [recoveryCode] = owner.totp.recoveryCodes;
  t.match((await prove(late.accessToken, { recoveryCode })).body, problem);
  t.match(await rowOf(late.sessionId), { secondFactorAt: null, amr: 'pwd' });
  t.equal(await db.recoveryCode.count({ where: { userId: owner.id } }), 10, 'no code was used up');
  t.equal((await prove(late.accessToken, { password: PASSWORD, code })).status, 200);
});

t.test('A second factor that is too old is proven again by both factors', async (t) => {
  const owner = await newOwnerAt(api, 2);
  const session = await sessionOf(owner.id);
  claimsIn(await prove(session.accessToken, { code: await owner.totp.code() }));
  await db.session.update({
    where: { id: session.sessionId },
    data: { secondFactorAt: new Date(Date.now() - 86_401_000) },
  });
  await setTime(api, session.sessionId, 'authenticatedAt', -86_400);
  const old = pairOf(await refresh(api, session.refreshToken));
  t.match(readClaims(old.accessToken), { acr: '1', amr: ['pwd'], access: 1 });
  t.equal(
    (await prove(old.accessToken, { code: await owner.totp.code() })).body.slug,
    'two-factors-required',
  );
  const claims = claimsIn(
    await prove(old.accessToken, { password: PASSWORD, code: await owner.totp.code() }),
  );
  t.match(claims, { acr: '2', access: 2 });
});

t.test('A cap holds after a second factor', async (t) => {
  const owner = await newOwnerAt(api, 2);
  const { accessToken } = await open(api, owner.id, 1);
  const claims = claimsIn(await prove(accessToken, { code: await owner.totp.code() }));
  t.match(claims, { acr: '2', access: 1 });
});

t.test('An account without a second factor has no code', async (t) => {
  const { token, id } = await api.person(1);
  t.match((await prove(token, { code: '123456' })).body, { status: 401, slug: 'wrong-code' });
  t.match((await prove(token, { password: PASSWORD, code: '123456' })).body, {
    status: 401,
    slug: 'wrong-code',
  });
  t.equal((await prove(token, { password: PASSWORD })).status, 200);
  t.equal(await db.session.count({ where: { userId: id, secondFactorAt: { not: null } } }), 0);
  const counter = { where: { id: app.accounts.throttle.hash(codeCounter(id).subject) } };
  t.equal(await db.failedTries.findUnique(counter), null, 'nothing is counted for a later app');
});

t.test('The body has at least one member, and one code at most', async (t) => {
  const { token } = await api.person(1);
  t.match((await prove(token, {})).body, { status: 400, errors: [{ pointer: '', code: 'required' }] });
  const both = { code: '123456', recoveryCode: '0000-0000-0000-0000' };
  t.match((await prove(token, both)).body, {
    status: 400,
    errors: [{ pointer: '/recoveryCode', code: 'conflict' }],
  });
});

t.test('Wrong codes of a session and of sign-ins are counted together', async (t) => {
  const owner = await newOwnerAt(api);
  const { accessToken } = await sessionOf(owner.id);
  const code = await owner.totp.wrongCode();
  for (let n = 0; n < 3; n++) await prove(accessToken, { code });
  const challenge = await owner.challenge();
  for (let n = 0; n < 2; n++) await ask('POST', '/login/second-factor', { body: { challenge, code } });
  t.match((await prove(accessToken, { code })).body, { status: 429, slug: 'too-many-attempts' });
});

t.test('A new password asks for two factors, and does not date the session', async (t) => {
  const owner = await newOwnerAt(api);
  const session = await sessionOf(owner.id, 10 * MINUTE);
  const body = { currentPassword: PASSWORD, newPassword: 'another horse, another battery' };
  const put = (token: string, own = body) => ask('PUT', '/me/password', { token, body: own });
  for (const currentPassword of [PASSWORD, 'wrong wrong wrong'])
    t.match((await put(session.accessToken, { ...body, currentPassword })).body, {
      status: 401,
      slug: 'two-factors-required',
    });
  const raised = await prove(session.accessToken, { code: await owner.totp.code() });
  const { auth_time } = claimsIn(raised);
  t.equal(
    (await put(raised.body.accessToken, { ...body, currentPassword: 'wrong wrong wrong' })).status,
    403,
  );
  const changed = pairOf(await put(raised.body.accessToken));
  t.match(readClaims(changed.accessToken), { acr: '2', auth_time });
});
