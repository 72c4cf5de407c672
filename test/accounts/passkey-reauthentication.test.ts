/** A passkey that proves again who one is: what renews the time of the sign-in, and what raises a session. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import type { Method } from '#latchkey/accounts/authenticators/methods.ts';
import type { PasskeyAssertion } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { type Authenticator, type AuthenticatorOptions, addPasskey, type Lie } from './authenticator.ts';
import { open, pairOf, readClaims, refresh, setTime } from './client.ts';
import { addTotp } from './totp.ts';

const api = await startApi(t, { SECOND_FACTOR_FROM: 'admin' });
const { ask, app, person } = api;
const { db, throttle } = app.accounts;
const MINUTE = 60;
const DAY = 86_400;

const prove = (token: string, body: object) => ask('POST', '/me/reauthenticate', { token, body });
const optionsOf = (token: string) => ask('POST', '/me/reauthenticate/options', { token });
const claimsIn = ({ status, text, body }: Answer) => {
  if (status !== 200) throw new Error(text);
  return readClaims(body.accessToken);
};
const rowOf = (id: string) => db.session.findUniqueOrThrow({ where: { id } });

/** The answer of a passkey to new options of a session. */
async function answerOf(
  token: string,
  authenticator: Authenticator,
  lie: Lie = {},
): Promise<PasskeyAssertion> {
  return authenticator.get((await optionsOf(token)).body, lie);
}

async function newOwner(passkey: AuthenticatorOptions = {}) {
  const owner = await person(2);
  return { ...owner, authenticator: await addPasskey(api, owner.id, passkey) };
}

/** A session that was opened some seconds ago, with a token of now. */
async function sessionOf(userId: string, seconds: number, amr: readonly Method[] = ['pwd']) {
  const session = await open(api, userId, undefined, amr);
  await setTime(api, session.sessionId, 'authenticatedAt', -seconds);
  const { secondFactorAt } = await rowOf(session.sessionId);
  if (secondFactorAt !== null) await setTime(api, session.sessionId, 'secondFactorAt', -seconds);
  return pairOf(await refresh(api, session.refreshToken));
}

const twoFactors = { status: 401, slug: 'two-factors-required' };
const recent = (seconds: number) => Math.abs(seconds - Date.now() / 1000) < 10;

t.test('A passkey that verifies its user renews time and factors alone', async (t) => {
  const { id, authenticator } = await newOwner();
  for (const amr of [['pwd'], ['pwd', 'otp'], ['swk', 'user'], ['email']] as const) {
    const { accessToken, sessionId, refreshToken } = await sessionOf(id, 2 * DAY, amr);
    t.match(readClaims(accessToken), { acr: '1', access: 1, access2: 2 }, amr.join(' '));
    const asked = await optionsOf(accessToken);
    t.equal(asked.headers['cache-control'], 'no-store');
    t.strictSame(
      asked.body.allowCredentials.map(({ id }: { id: string }) => id),
      [authenticator.credentialId],
    );
    const claims = claimsIn(await prove(accessToken, { passkey: authenticator.get(asked.body) }));
    t.match(claims, { sid: sessionId, acr: '2', access: 2, amr: ['swk', 'user', 'mfa'] });
    t.notOk('access2' in claims);
    t.ok(recent(claims.auth_time));
    t.match(readClaims(pairOf(await refresh(api, refreshToken)).accessToken), { acr: '2', access: 2 });
  }
  const { accessToken } = await sessionOf(id, 2 * DAY);
  const passkey = await answerOf(accessToken, authenticator);
  const both = claimsIn(await prove(accessToken, { password: PASSWORD, passkey }));
  t.match(both, { acr: '2', amr: ['pwd', 'swk', 'user', 'mfa'] });
});

t.test('Options write nothing, and an account without a passkey has none', async (t) => {
  const { token, id } = await newOwner();
  const rows = async () => [
    await db.usedChallenge.count(),
    await db.session.findMany({ where: { userId: id } }),
  ];
  const before = await rows();
  await optionsOf(token);
  t.strictSame(await rows(), before);
  const other = await person(1);
  t.match((await optionsOf(other.token)).body, { status: 404, slug: 'passkey-not-found' });
  const { authenticator } = await newOwner();
  const sent = await prove(other.token, { passkey: authenticator.get({ challenge: '' }) });
  t.match(sent.body, { status: 401, slug: 'passkey-not-accepted' });
  t.equal(await db.failedTries.count({ where: { id: throttle.hash(codeCounter(other.id).subject) } }), 0);
});

t.test(
  'Without verification it is like a code: with the password, or to raise a recent session',
  async (t) => {
    const { id, authenticator } = await newOwner({ verifiesUser: false, isSynced: false });
    const late = await sessionOf(id, 2 * DAY);
    const row = await rowOf(late.sessionId);
    const alone = await prove(late.accessToken, { passkey: await answerOf(late.accessToken, authenticator) });
    t.match(alone.body, twoFactors);
    t.strictSame(await rowOf(late.sessionId), row);
    t.match((await prove(late.accessToken, { password: PASSWORD })).body, twoFactors);
    const passkey = await answerOf(late.accessToken, authenticator);
    const claims = claimsIn(await prove(late.accessToken, { password: PASSWORD, passkey }));
    t.match(claims, { acr: '2', access: 2, amr: ['pwd', 'pop', 'mfa'] });
    t.ok(recent(claims.auth_time));

    const soon = await sessionOf(id, 14 * MINUTE);
    const { auth_time } = readClaims(soon.accessToken);
    const raised = await prove(soon.accessToken, {
      passkey: await answerOf(soon.accessToken, authenticator),
    });
    t.match(claimsIn(raised), { acr: '2', amr: ['pwd', 'pop', 'mfa'], auth_time });
    const again = await prove(soon.accessToken, { passkey: await answerOf(soon.accessToken, authenticator) });
    t.match(again.body, twoFactors, 'there is nothing to raise');
    const wrong = await prove(late.accessToken, {
      password: 'wrong wrong wrong',
      passkey: await answerOf(late.accessToken, authenticator),
    });
    t.match(wrong.body, { status: 403, slug: 'wrong-password' });
  },
);

t.test(
  'What is left of an old passkey is possession, and a code beside it is no second factor',
  async (t) => {
    const { id, authenticator } = await newOwner();
    const totp = await addTotp(api, id);
    const session = await open(api, id, undefined, ['swk', 'user']);
    t.match(readClaims(session.accessToken), { acr: '2', access: 2, amr: ['swk', 'user', 'mfa'] });
    // The second factor is too old, while the sign-in is recent.
    await setTime(api, session.sessionId, 'secondFactorAt', -DAY - 1);
    const { accessToken } = pairOf(await refresh(api, session.refreshToken));
    t.match(readClaims(accessToken), { acr: '1', access: 1, access2: 2, amr: ['swk'] });
    const row = await rowOf(session.sessionId);
    const key = await addPasskey(api, id, { verifiesUser: false });
    const refused: object[] = [
      { code: await totp.code() },
      { recoveryCode: totp.recoveryCodes[0] },
      { passkey: await answerOf(accessToken, key) },
      { password: PASSWORD },
    ];
    for (const body of refused) t.match((await prove(accessToken, body)).body, twoFactors);
    t.equal(await db.recoveryCode.count({ where: { userId: id } }), 10, 'no code was used up');
    t.strictSame(await rowOf(session.sessionId), row);
    t.equal((await ask('GET', '/control-panel', { token: accessToken })).body.slug, 'two-factors-required');
    const put = await ask('PUT', '/me/password', {
      token: accessToken,
      body: { currentPassword: PASSWORD, newPassword: 'another horse, another battery' },
    });
    t.match(put.body, twoFactors);
    const code = await totp.code();
    t.match(claimsIn(await prove(accessToken, { password: PASSWORD, code })), {
      acr: '2',
      amr: ['pwd', 'otp', 'mfa'],
    });
    const passkey = await answerOf(accessToken, authenticator);
    t.match(claimsIn(await prove(accessToken, { passkey })), { acr: '2', amr: ['swk', 'user', 'mfa'] });
  },
);

t.test('Everything else is refused, counts, and renews nothing', async (t) => {
  const owner = await newOwner({ counts: true });
  const { id, authenticator } = owner;
  const other = await newOwner();
  const { accessToken, sessionId } = await sessionOf(id, 2 * DAY);
  const before = await rowOf(sessionId);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const challengeOf = async (path: string, body?: object) =>
    (await ask('POST', path, { body })).body.challenge;
  const begun = await ask('POST', '/login', { body: { email: owner.email, password: PASSWORD } });
  const { challenge } = begun.body;
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://latchkey.test.evil.example' },
    'another RP ID': { rpId: 'evil.example' },
    'a registration': { type: 'webauthn.create' },
    'the challenge of another session': { challenge: (await optionsOf(owner.token)).body.challenge },
    'the challenge of a first factor': { challenge: await challengeOf('/login/passkey/options') },
    'the challenge of a sign-in': {
      challenge: await challengeOf('/login/second-factor/options', { challenge }),
    },
    'a frame of another origin': { crossOrigin: true },
    'the user handle of another': { userHandle: Buffer.from(other.id).toString('base64url') },
    'an absent user': { isPresent: false },
    'another key': { key: privateKey },
  };
  let wrong = 0;
  const failures = async () =>
    (await db.failedTries.findUnique({ where: { id: throttle.hash(codeCounter(id).subject) } }))?.failures;
  const refuse = async (passkey: PasskeyAssertion, name: string) => {
    await db.failedTries.updateMany({ data: { nextTryAt: 0 } });
    const answer = await prove(accessToken, { passkey });
    t.match(answer, { status: 401, body: { slug: 'passkey-not-accepted' } }, name);
    t.equal(await failures(), ++wrong, name);
  };
  for (const [name, lie] of Object.entries(lies))
    await refuse(await answerOf(accessToken, authenticator, lie), name);
  await refuse(await answerOf(accessToken, other.authenticator), 'the passkey of another');
  t.strictSame(await rowOf(sessionId), before);
  const right = await answerOf(accessToken, authenticator, { counter: 100 });
  t.equal((await prove(accessToken, { passkey: right })).status, 200);
  t.equal((await failures()) ?? 0, 0, 'the right one forgives them');
  wrong = 0;
  const renewed = await rowOf(sessionId);
  await refuse(right, 'one that was used');
  await refuse(await answerOf(accessToken, authenticator, { counter: 99 }), 'a counter that fell');
  t.equal(await db.auditEvent.count({ where: { action: 'passkey.counter-fell', targetId: id } }), 1);
  t.strictSame(await rowOf(sessionId), renewed);
});

t.test('The body has one second factor at most', async (t) => {
  const { token, authenticator } = await newOwner();
  const passkey = await answerOf(token, authenticator);
  for (const body of [
    { passkey, code: '123456' },
    { passkey, recoveryCode: '0000-0000-0000-0000' },
  ])
    t.match((await prove(token, body)).body, {
      status: 400,
      errors: [{ pointer: '/passkey', code: 'conflict' }],
    });
  t.match((await prove(token, { passkey: {} })).body, { status: 400, errors: [{ pointer: '/passkey/id' }] });
  t.equal((await prove(token, { passkey: { ...passkey, id: 'a'.repeat(1_000_000) } })).status, 413);
  t.equal((await prove(token, { passkey })).status, 200);
});
