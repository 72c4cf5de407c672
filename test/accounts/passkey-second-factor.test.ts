/** A passkey as the second factor of a sign-in: the ceremony, what counts, and what closes. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import type { PasskeyAssertion } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { signInOutcomes } from '#latchkey/accounts/sign-in/outcomes.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { Authenticator, type AuthenticatorOptions, addPasskey, type Lie, ORIGIN } from './authenticator.ts';
import { pairOf, readClaims } from './client.ts';
import { addTotp } from './totp.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db, throttle } = app.accounts;

/** An account with a password and a passkey, and the steps of its sign-in. */
async function newOwner(passkey: AuthenticatorOptions = {}, access = 1) {
  const owner = await person(access);
  const { email } = owner;
  const authenticator = await addPasskey(api, owner.id, passkey);
  const begin = (more = {}) => ask('POST', '/login', { body: { email, password: PASSWORD, ...more } });
  const challenge = async (more = {}): Promise<string> => (await begin(more)).body.challenge;
  return { ...owner, authenticator, begin, challenge };
}

const optionsOf = (challenge: string) => ask('POST', '/login/second-factor/options', { body: { challenge } });
const finish = (challenge: string, passkey: PasskeyAssertion) =>
  ask('POST', '/login/second-factor', { body: { challenge, passkey } });

/** Asks for options, and sends an answer to them. */
async function use(challenge: string, authenticator: Authenticator, lie: Lie = {}): Promise<Answer> {
  return finish(challenge, authenticator.get((await optionsOf(challenge)).body, lie));
}

const counterOf = (id: string) => ({ where: { id: throttle.hash(codeCounter(id).subject) } });
const failuresOf = async (id: string) => (await db.failedTries.findUnique(counterOf(id)))?.failures ?? 0;
const wait = () => db.failedTries.updateMany({ data: { nextTryAt: 0 } });

/** As after this many wrong codes in a row. @param nextTryAt the end of the wait */
const fail = (id: string, failures: number, nextTryAt = 0) =>
  db.failedTries.create({ data: { ...counterOf(id).where, failures, countedAt: Date.now(), nextTryAt } });

t.test('The password is followed by a passkey, and its options write nothing', async (t) => {
  const { id, authenticator, begin } = await newOwner({}, 2);
  const first = await begin({ access: 1 });
  t.match(first.body, { status: 401, slug: 'second-factor-required' });
  t.strictSame(first.body.methods, ['passkey'], 'there is no app, and there are no codes');
  const { challenge } = first.body;
  const rows = async () => [
    await db.usedChallenge.count(),
    await db.signInChallenge.findMany({ where: { userId: id } }),
    await db.failedTries.findUnique(counterOf(id)),
  ];
  const before = await rows();
  const asked = await optionsOf(challenge);
  t.equal(asked.headers['cache-control'], 'no-store');
  t.match(asked.body, { rpId: 'latchkey.test', userVerification: 'preferred', timeout: 300_000 });
  t.strictSame(asked.body.allowCredentials, [
    { type: 'public-key', id: authenticator.credentialId, transports: ['internal'] },
  ]);
  t.not((await optionsOf(challenge)).body.challenge, asked.body.challenge);
  t.strictSame(await rows(), before);

  const pair = pairOf(await finish(challenge, authenticator.get(asked.body)));
  t.match(readClaims(pair.accessToken), { access: 1, acr: '2', amr: ['pwd', 'swk', 'user', 'mfa'] });
  t.equal(await db.signInChallenge.count({ where: { userId: id } }), 0, 'the challenge is consumed');
  t.equal((await optionsOf(challenge)).body.slug, 'challenge-invalid');
  t.ok((await db.passkey.findFirstOrThrow({ where: { userId: id } })).lastUsedAt);
  t.equal(await db.knownNetwork.count({ where: { userId: id } }), 1, 'the sign-in is finished');
});

t.test('A passkey that does not verify its user is a second factor, and not a first', async (t) => {
  const { authenticator, challenge } = await newOwner({ verifiesUser: false, isSynced: false });
  const options = await ask('POST', '/login/passkey/options');
  const alone = await ask('POST', '/login/passkey', { body: { passkey: authenticator.get(options.body) } });
  t.match(alone.body, { status: 401, slug: 'passkey-not-accepted' });
  const pair = pairOf(await use(await challenge(), authenticator));
  t.match(readClaims(pair.accessToken), { acr: '2', amr: ['pwd', 'pop', 'mfa'] });
  const { userHandle: _, ...response } = authenticator.get({ challenge: '' }).response;
  t.notOk('userHandle' in response);
  const without = await use(await challenge(), authenticator, { userHandle: null });
  t.equal(without.status, 200, 'a key that was asked for need not say whose it is');
});

t.test('The methods are those that the account has and that the service takes', async (t) => {
  const both = await newOwner();
  await addTotp(api, both.id);
  t.strictSame((await both.begin()).body.methods, ['totp', 'passkey', 'recoveryCode']);
  await db.passkey.deleteMany({ where: { userId: both.id } });
  const { methods, challenge } = (await both.begin()).body;
  t.strictSame(methods, ['totp', 'recoveryCode']);
  t.match((await optionsOf(challenge)).body, { status: 404, slug: 'passkey-not-found' });
  const off = await startApi(t, { SIGN_IN_METHODS: 'password' });
  const { id, email } = await off.person(1);
  await addPasskey(off, id);
  const answer = await off.ask('POST', '/login', { body: { email, password: PASSWORD } });
  t.strictSame(answer.body.methods, []);
  const body = { challenge: answer.body.challenge };
  const passkey = new Authenticator().get({ challenge: '' });
  for (const refused of [
    await off.ask('POST', '/login/second-factor/options', { body }),
    await off.ask('POST', '/login/second-factor', { body: { ...body, passkey } }),
  ])
    t.match(refused.body, { status: 404, slug: 'passkeys-not-available' });
});

t.test('Everything else is refused, counts, and opens nothing', async (t) => {
  const owner = await newOwner();
  const { id, authenticator } = owner;
  const other = await newOwner();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const otherSignIn = (await optionsOf(await owner.challenge())).body.challenge;
  const firstFactor = (await ask('POST', '/login/passkey/options')).body.challenge;
  const session = (await ask('POST', '/me/reauthenticate/options', { token: owner.token })).body.challenge;
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://latchkey.test.evil.example' },
    'another RP ID': { rpId: 'evil.example' },
    'a registration': { type: 'webauthn.create' },
    'the challenge of another sign-in': { challenge: otherSignIn },
    'the challenge of a first factor': { challenge: firstFactor },
    'the challenge of a session': { challenge: session },
    'a challenge of nobody': { challenge: Buffer.alloc(64).toString('base64url') },
    'a frame of another origin': { crossOrigin: true },
    'a top origin': { topOrigin: ORIGIN },
    'the user handle of another': { userHandle: Buffer.from(other.id).toString('base64url') },
    'an absent user': { isPresent: false },
    'another key': { key: privateKey },
  };
  const outcomes = signInOutcomes['passkey-not-accepted'];
  let wrong = 0;
  for (const [name, lie] of Object.entries(lies)) {
    await wait();
    const answer = await use(await owner.challenge(), authenticator, lie);
    t.match(answer, { status: 401, body: { slug: 'passkey-not-accepted' } }, name);
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="latchkey"', name);
    t.equal(await failuresOf(id), ++wrong, name);
  }
  const strangers = [new Authenticator().belongsTo(id), other.authenticator];
  for (const stranger of strangers) {
    await wait();
    const challenge = await owner.challenge();
    t.match((await use(challenge, stranger)).body, { status: 401, slug: 'passkey-not-accepted' });
    t.equal(await failuresOf(id), ++wrong);
  }
  t.equal(signInOutcomes['passkey-not-accepted'] - outcomes, wrong, 'each is an outcome of its own');
  t.equal(await failuresOf(other.id), 0, 'the account that is asked for has them');
  t.equal(await db.session.count({ where: { userId: id } }), 1, 'the session of before');
  const mails = (await waitingFor(api, owner.email)).map(({ template }) => template);
  t.strictSame(mails, ['wrong-codes'], 'the owner is told after ten');
  await api.app.eventAggregator.flush(db, true);
  const events = await db.auditEvent.findMany({ where: { action: 'second-factor.failed', targetId: id } });
  t.equal(
    events.reduce((sum, { count }) => sum + count, 0),
    wrong,
  );
  t.equal((await use(await owner.challenge(), authenticator)).status, 200);
  t.equal(await failuresOf(id), 0, 'the right one forgives them');
});

t.test('A challenge takes five answers in all, and one of them opens one session', async (t) => {
  const owner = await newOwner();
  const totp = await addTotp(api, owner.id);
  const challenge = await owner.challenge();
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (let n = 0; n < 5; n++) {
    await wait();
    const answer =
      n % 2 === 0
        ? await use(challenge, owner.authenticator, { key })
        : await ask('POST', '/login/second-factor', { body: { challenge, code: await totp.wrongCode() } });
    t.equal(answer.body.slug, n % 2 === 0 ? 'passkey-not-accepted' : 'wrong-code');
  }
  t.equal((await optionsOf(challenge)).body.slug, 'challenge-invalid');
  const last = await finish(challenge, owner.authenticator.get({ challenge: '' }));
  t.equal(last.body.slug, 'challenge-invalid');

  await wait();
  const next = await owner.challenge();
  const passkeys = await Promise.all(
    [1, 2, 3].map(async () => owner.authenticator.get((await optionsOf(next)).body)),
  );
  const answers = await Promise.all(passkeys.map((passkey) => finish(next, passkey)));
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 401, 401]);
  const again = await owner.challenge();
  const passkey = owner.authenticator.get((await optionsOf(again)).body);
  const statuses = await Promise.all([finish(again, passkey), finish(again, passkey)]);
  t.strictSame(statuses.map(({ status }) => status).sort(), [200, 401], 'and so does one answer');
  t.equal(await db.session.count({ where: { userId: owner.id } }), 3, 'one each, and that of before');
});

t.test('Closed for codes, and waiting: a valid passkey opens all the same', async (t) => {
  for (const verifiesUser of [true, false])
    for (const [failures, nextTryAt] of [
      [100, 0],
      [100, Date.now() + 900_000],
      [7, Date.now() + 900_000],
    ] as const) {
      const owner = await newOwner({ verifiesUser });
      const totp = await addTotp(api, owner.id);
      await fail(owner.id, failures, nextTryAt);
      const challenge = await owner.challenge();
      const code = await totp.code();
      const closed = await ask('POST', '/login/second-factor', { body: { challenge, code } });
      t.equal(closed.body.slug, nextTryAt === 0 ? 'wrong-code' : 'too-many-attempts');
      const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const wrong = await use(challenge, owner.authenticator, { key });
      t.match(wrong.body.slug, /^(passkey-not-accepted|too-many-attempts)$/);
      const what = `${failures} failures, ${verifiesUser ? 'verified' : 'present'} user`;
      t.equal((await use(challenge, owner.authenticator)).status, 200, what);
      t.equal(await failuresOf(owner.id), 0, 'and forgives them');
    }
});

t.test('Codes of an account without an app are wrong, and count', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  for (const body of [{ code: '123456' }, { recoveryCode: '0000-0000-0000-0000' }]) {
    const answer = await ask('POST', '/login/second-factor', { body: { challenge, ...body } });
    t.match(answer.body, { status: 401, slug: 'wrong-code' });
  }
  t.equal(await failuresOf(owner.id), 2);
});

t.test('A counter that falls back is refused and recorded, and the challenge goes on', async (t) => {
  const owner = await newOwner({ counts: true });
  const { id, authenticator } = owner;
  t.equal((await use(await owner.challenge(), authenticator, { counter: 4_294_967_290 })).status, 200);
  const challenge = await owner.challenge();
  t.match((await use(challenge, authenticator, { counter: 7 })).body, { slug: 'passkey-not-accepted' });
  t.match(await db.auditEvent.findFirst({ where: { action: 'passkey.counter-fell', targetId: id } }), {
    before: '{"counter":4294967290}',
    after: '{"counter":7}',
  });
  t.equal(await failuresOf(id), 1);
  t.equal((await use(challenge, authenticator, { counter: 4_294_967_291 })).status, 200);
});

t.test('The body has one second factor', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  const passkey = owner.authenticator.get((await optionsOf(challenge)).body);
  const bodies: [object, string][] = [
    [{}, '/code'],
    [{ passkey, code: '123456' }, '/passkey'],
    [{ passkey, recoveryCode: '0000-0000-0000-0000' }, '/passkey'],
    [{ code: '123456', recoveryCode: '0000-0000-0000-0000' }, '/recoveryCode'],
    [{ passkey: {} }, '/passkey/id'],
    [{ passkey: { ...passkey, unknown: 1 } }, '/passkey/unknown'],
  ];
  for (const [body, pointer] of bodies) {
    const answer = await ask('POST', '/login/second-factor', { body: { challenge, ...body } });
    t.match(answer.body, { status: 400, errors: [{ pointer }] });
  }
  const large = { challenge, passkey: { ...passkey, id: 'a'.repeat(1_000_000) } };
  t.equal((await ask('POST', '/login/second-factor', { body: large })).status, 413);
  t.match(await db.signInChallenge.findFirst({ where: { userId: owner.id } }), { tries: 0 });
  t.equal((await optionsOf('nonsense')).body.slug, 'challenge-invalid');
  t.equal((await finish(challenge, passkey)).status, 200, 'none of them was an answer');
});

t.test('A challenge ends with the epoch, and with the account', async (t) => {
  for (const data of [{ epoch: 1 }, { disabled: true }]) {
    const owner = await newOwner();
    const challenge = await owner.challenge();
    const passkey = owner.authenticator.get((await optionsOf(challenge)).body);
    await db.user.update({ where: { id: owner.id }, data });
    for (const answer of [await optionsOf(challenge), await finish(challenge, passkey)])
      t.match(answer.body, { status: 401, slug: 'challenge-invalid' });
  }
});
