/** Sign-in with a passkey: the ceremony, and everything that is not one. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { pruneChallenges } from '#latchkey/accounts/authenticators/prune.ts';
import type { PasskeyAssertion } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import { invalidateCredentialsAfterRestore } from '#latchkey/accounts/transfer/after-restore.ts';
import { startApi } from '../helper.ts';
import { Authenticator, addPasskey, type Lie, ORIGIN } from './authenticator.ts';
import { pairOf, readClaims, refresh } from './client.ts';

const api = await startApi(t);
const { ask, app, person } = api;
const { db } = app.accounts;

const options = async () => (await ask('POST', '/login/passkey/options')).body;
const finish = (passkey: PasskeyAssertion, more = {}) =>
  ask('POST', '/login/passkey', { body: { passkey, ...more } });

async function newOwner(access = 1) {
  const owner = await person(access);
  return { ...owner, authenticator: await addPasskey(api, owner.id) };
}

t.test('A passkey opens a session of two factors, and nothing but its use is stored', async (t) => {
  const { id, authenticator } = await newOwner(2);
  const asked = await ask('POST', '/login/passkey/options');
  t.equal(asked.headers['cache-control'], 'no-store');
  t.match(asked.body, { rpId: 'latchkey.test', userVerification: 'required', timeout: 300_000 });
  t.notOk('allowCredentials' in asked.body);
  t.equal(await db.usedChallenge.count(), 0, 'asking writes nothing');
  const pair = pairOf(await finish(authenticator.get(asked.body)));
  t.match(readClaims(pair.accessToken), { sub: id, access: 2, acr: '2', amr: ['swk', 'user', 'mfa'] });
  t.match(readClaims(pairOf(await refresh(api, pair.refreshToken)).accessToken), { acr: '2' });
  t.equal(await db.usedChallenge.count(), 1);
  t.ok((await db.passkey.findFirst({ where: { userId: id } }))?.lastUsedAt);
  const capped = pairOf(await finish(authenticator.get(await options()), { access: 1 }));
  t.match(readClaims(capped.accessToken), { access: 1 });
});

t.test('A passkey of one device proves possession', async (t) => {
  const { id } = await person(1);
  const authenticator = await addPasskey(api, id, { isSynced: false });
  const pair = pairOf(await finish(authenticator.get(await options())));
  t.match(readClaims(pair.accessToken), { amr: ['pop', 'user', 'mfa'] });
});

t.test('Everything else is refused with one answer, and opens nothing', async (t) => {
  const { id, authenticator } = await newOwner();
  const other = await person(1);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fresh = await options();
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://latchkey.test.evil.example' },
    'an origin below': { origin: 'https://a.latchkey.test' },
    'another port': { origin: `${ORIGIN}:8443` },
    'plain http': { origin: 'http://latchkey.test' },
    'another RP ID': { rpId: 'evil.example' },
    'a registration': { type: 'webauthn.create' },
    'a challenge of nobody': { challenge: Buffer.alloc(64).toString('base64url') },
    'a challenge that was altered': { challenge: `${fresh.challenge.slice(0, -2)}AA` },
    'no challenge': { challenge: '' },
    'a frame of another origin': { crossOrigin: true },
    'a top origin': { topOrigin: ORIGIN },
    'no user handle': { userHandle: null },
    'the user handle of another': { userHandle: Buffer.from(other.id).toString('base64url') },
    'an unverified user': { isVerified: false },
    'an absent user': { isPresent: false },
    'another key': { key: privateKey },
  };
  for (const [name, lie] of Object.entries(lies)) {
    const answer = await finish(authenticator.get(await options(), lie));
    t.match(answer, { status: 401, body: { slug: 'passkey-not-accepted' } }, name);
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="latchkey"', name);
  }
  const unknown = new Authenticator().belongsTo(id);
  t.match(await finish(unknown.get(await options())), {
    status: 401,
    body: { slug: 'passkey-not-accepted' },
  });
  const right = authenticator.get(await options());
  const truncated = right.response.authenticatorData.slice(0, 20);
  const broken = { ...right, response: { ...right.response, authenticatorData: truncated } };
  t.match(await finish(broken), { status: 401 }, 'truncated data');
  t.match(await finish(right), { status: 401 }, 'its challenge is used up all the same');
  t.equal(await db.session.count({ where: { userId: id } }), 1, 'the session of before');
});

t.test('An answer is good once, also for two at once', async (t) => {
  const { id, authenticator } = await newOwner();
  const passkey = authenticator.get(await options());
  const answers = await Promise.all([finish(passkey), finish(passkey), finish(passkey)]);
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 401, 401]);
  t.match(await finish(passkey), { status: 401 });
  t.equal(await db.session.count({ where: { userId: id } }), 2);
});

t.test('A counter that falls back is refused and recorded, and only after the signature', async (t) => {
  const { id } = await person(1);
  const authenticator = await addPasskey(api, id, { counts: true });
  t.equal((await finish(authenticator.get(await options(), { counter: 4_294_967_290 }))).status, 200);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const lie = { counter: 7 };
  t.equal((await finish(authenticator.get(await options(), { ...lie, key: privateKey }))).status, 401);
  const where = { action: 'passkey.counter-fell', targetId: id };
  t.equal(await db.auditEvent.count({ where }), 0);
  t.equal((await finish(authenticator.get(await options(), lie))).status, 401);
  t.match(await db.auditEvent.findFirst({ where }), {
    before: '{"counter":4294967290}',
    after: '{"counter":7}',
  });
  t.equal((await finish(authenticator.get(await options(), { counter: 4_294_967_295 }))).status, 200);
  t.equal((await finish(authenticator.get(await options(), { counter: 0 }))).status, 401);
});

t.test('A passkey of a disabled or deleted user opens nothing', async (t) => {
  const { id, authenticator } = await newOwner();
  await db.user.update({ where: { id }, data: { disabled: true } });
  t.match(await finish(authenticator.get(await options())), { body: { slug: 'passkey-not-accepted' } });
  await db.user.delete({ where: { id } });
  t.equal(await db.passkey.count({ where: { userId: id } }), 0);
  t.match(await finish(authenticator.get(await options())), { body: { slug: 'passkey-not-accepted' } });
});

t.test('A restored backup takes no challenge of before, whose use it may not know', async (t) => {
  const other = await startApi(t);
  const { accounts } = other.app;
  const { id } = await other.person(1);
  const authenticator = await addPasskey(other, id);
  const ask = async () => (await other.ask('POST', '/login/passkey/options')).body;
  const finish = (passkey: PasskeyAssertion) => other.ask('POST', '/login/passkey', { body: { passkey } });
  const passkey = authenticator.get(await ask());
  await accounts.db.mailCode.create({
    data: {
      ...{ id: '1', flowHash: '1', userId: id, epoch: 0, tries: 0 },
      ...{ createdAt: new Date(), expiresAt: new Date(Date.now() + 60_000) },
    },
  });
  t.equal((await finish(passkey)).status, 200);
  await accounts.db.usedChallenge.deleteMany();
  await invalidateCredentialsAfterRestore(accounts);
  t.equal(await accounts.db.mailCode.count(), 0);
  t.match(await finish(passkey), { status: 401, body: { slug: 'passkey-not-accepted' } }, 'replayed');
  t.equal((await finish(authenticator.get(await ask()))).status, 200, 'a new one');
  const data = { expiresAt: new Date(Date.now() - 1) };
  await accounts.db.usedChallenge.updateMany({ data });
  await pruneChallenges(accounts);
  t.equal(await accounts.db.usedChallenge.count(), 0, 'and it leaves nothing behind');
});

t.test('A body that is no credential is refused before anything is read', async (t) => {
  const { authenticator } = await newOwner();
  const right = authenticator.get(await options());
  const bodies = [
    {},
    { passkey: 'text' },
    { passkey: { ...right, type: 'password' } },
    { passkey: { ...right, id: 'a'.repeat(1365) } },
    { passkey: { ...right, unknown: 1 } },
    { passkey: { ...right, response: { ...right.response, signature: 'not base64url!' } } },
  ];
  for (const body of bodies) t.equal((await ask('POST', '/login/passkey', { body })).status, 400);
  const large = { passkey: { ...right, id: 'a'.repeat(1_000_000) } };
  t.equal((await ask('POST', '/login/passkey', { body: large })).status, 413);
});

t.test('Without passkeys the operations say why', async (t) => {
  const off = await startApi(t, { SIGN_IN_METHODS: 'password' });
  const passkey = new Authenticator().get({ challenge: '' });
  for (const answer of [
    await off.ask('POST', '/login/passkey/options'),
    await off.ask('POST', '/login/passkey', { body: { passkey } }),
    await off.ask('GET', '/.well-known/webauthn'),
  ])
    t.match(answer, { status: 404, body: { slug: 'passkeys-not-available' } });
  t.strictSame((await ask('GET', '/.well-known/webauthn')).body, { origins: [ORIGIN] });
});
