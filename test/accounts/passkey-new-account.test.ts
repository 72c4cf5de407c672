/** Registration with a passkey (F9): until the passkey confirms the address, it is worth nothing. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import type { PasskeyAssertion, PasskeyAttestation } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { Authenticator, type AuthenticatorOptions, addPasskey, type Lie, ORIGIN } from './authenticator.ts';
import { pairOf, readClaims } from './client.ts';

const mailed = await startApi(t, NO_MAIL_SERVER);
const open = await startApi(t);
const name = 'Ada';

const optionsFrom = async ({ ask }: typeof open, email: string) =>
  (await ask('POST', '/register/passkey/options', { body: { name, email } })).body;
const register = ({ ask }: typeof open, email: string, passkey: PasskeyAttestation, more = {}) =>
  ask('POST', '/register', { body: { name, email, passkey, ...more } });
const optionsOf = (token: string) => mailed.ask('POST', '/email/verify/options', { body: { token } });
const verify = (token: string, passkey?: PasskeyAssertion, more = {}) =>
  mailed.ask('POST', '/email/verify', { body: { token, ...(passkey && { passkey }), ...more } });
const signIn = async ({ ask }: typeof open, authenticator: Authenticator) => {
  const options = await ask('POST', '/login/passkey/options');
  return ask('POST', '/login/passkey', { body: { passkey: authenticator.get(options.body) } });
};

/** Registers with a new passkey, and returns it with the token of the mail. */
async function newApplicant(email: string, options: AuthenticatorOptions = {}) {
  const authenticator = new Authenticator(options);
  const passkey = authenticator.create(await optionsFrom(mailed, email));
  t.equal((await register(mailed, email, passkey)).status, 202);
  return { authenticator, token: await tokenFor(mailed, email, 'registration') };
}

t.test('The options ask for a passkey that finds its account and verifies its user', async (t) => {
  const { ask, app } = mailed;
  const email = ' Ada@Example.com ';
  const answer = await ask('POST', '/register/passkey/options', { body: { name: ' Ada ', email } });
  t.equal(answer.headers['cache-control'], 'no-store');
  t.match(answer.body, {
    rp: { id: 'latchkey.test' },
    user: { name: 'ada@example.com', displayName: 'Ada' },
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    excludeCredentials: [],
  });
  const { usedChallenge, registration, mail, failedTries } = app.accounts.db;
  t.strictSame(
    await Promise.all([usedChallenge.count(), registration.count(), mail.count(), failedTries.count()]),
    [0, 0, 0, 0],
    'asking writes nothing',
  );
});

t.test('Known and unknown addresses get the same options and answers', async (t) => {
  const known = await mailed.person(1);
  await addPasskey(mailed, known.id);
  const shapes: unknown[] = [];
  for (const email of [known.email, 'nobody-yet@example.com']) {
    const options = await mailed.ask('POST', '/register/passkey/options', { body: { name, email } });
    const answer = await register(mailed, email, new Authenticator().create(options.body));
    const { challenge: _, user, ...rest } = options.body;
    shapes.push([options.status, rest, Object.keys(user), answer.status, answer.body]);
    shapes.push([Object.keys(options.headers).sort(), Object.keys(answer.headers).sort()]);
  }
  t.strictSame(shapes.slice(0, 2), shapes.slice(2));
  t.strictSame(
    (await waitingFor(mailed, known.email)).map(({ template }) => template),
    ['account-exists'],
  );
  t.equal(await mailed.app.accounts.db.passkey.count(), 1, 'the one of before');
});

t.test('The passkey signs no one in before it has confirmed the address, and then it does', async (t) => {
  const { db } = mailed.app.accounts;
  const email = 'grace@example.com';
  const { authenticator, token } = await newApplicant(email);
  t.match(await signIn(mailed, authenticator), { status: 401, body: { slug: 'passkey-not-accepted' } });
  t.match(await verify(token), {
    status: 400,
    body: { errors: [{ pointer: '/passkey', code: 'required' }] },
  });
  t.match(await verify(token, undefined, { password: PASSWORD }), {
    body: { errors: [{ pointer: '/passkey' }] },
  });
  t.equal(await db.user.count({ where: { email } }), 0, 'the token alone makes no account');

  const options = await optionsOf(token);
  t.equal(options.headers['cache-control'], 'no-store');
  t.match(options.body, { userVerification: 'required' });
  t.notOk('allowCredentials' in options.body);
  const verified = await verify(token, authenticator.get(options.body));
  t.equal(verified.status, 200);
  t.equal(verified.headers['cache-control'], 'no-store');
  t.match(verified.body, { email, access: 1, secondFactor: true });
  t.equal(new Set(verified.body.recoveryCodes).size, 10);
  t.match(await db.user.findUnique({ where: { email } }), { passwordHash: /\$A{43}$/, secondFactor: true });
  t.equal(await db.registration.count({ where: { email } }), 0);
  const pair = pairOf(await signIn(mailed, authenticator));
  t.match(readClaims(pair.accessToken), { sub: verified.body.id, acr: '2', amr: ['swk', 'user', 'mfa'] });
  t.equal((await mailed.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 401);
  const events = await db.auditEvent.findMany({ where: { targetId: verified.body.id } });
  t.strictSame(events.map(({ action }) => action).sort(), [
    'authenticator.added',
    'session.opened',
    'user.registered',
  ]);
  const passkey = await db.passkey.findFirstOrThrow({ where: { userId: verified.body.id } });
  const added = events.find(({ action }) => action === 'authenticator.added');
  t.equal(
    added?.after,
    JSON.stringify({ authenticator: 'passkey', passkeyId: passkey.id, recoveryCodes: 10 }),
  );
  const personal = await db.personalData.findFirst({ where: { eventId: added?.id ?? '', part: 'target' } });
  t.match(personal, { data: '"name":"Passkey"' });
});

t.test('A stranger who registers with the address of another person gains nothing', async (t) => {
  const email = 'victim@example.com';
  const stranger = await newApplicant(email);
  const victim = await newApplicant(email);
  t.not(stranger.token, victim.token);
  // The victim follows the stranger's link, with the passkey of their own registration.
  const refused = await verify(
    stranger.token,
    victim.authenticator.get((await optionsOf(stranger.token)).body),
  );
  t.match(refused, { status: 401, body: { slug: 'passkey-not-accepted' } });
  const other = await mailed.person(1);
  const member = await addPasskey(mailed, other.id);
  t.equal((await verify(stranger.token, member.get((await optionsOf(stranger.token)).body))).status, 401);
  t.equal(await mailed.app.accounts.db.user.count({ where: { email } }), 0);
  const own = await verify(victim.token, victim.authenticator.get((await optionsOf(victim.token)).body));
  t.equal(own.status, 200);
  t.match(await optionsOf(stranger.token), { status: 403, body: { slug: 'mail-token-invalid' } });
  t.equal((await signIn(mailed, stranger.authenticator)).status, 401);
});

t.test('What is no answer of that very passkey confirms nothing', async (t) => {
  const email = 'table@example.com';
  const { authenticator, token } = await newApplicant(email);
  const otherToken = (await newApplicant('table-2@example.com')).token;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fresh = async () => (await optionsOf(token)).body;
  const signInOptions = (await mailed.ask('POST', '/login/passkey/options')).body;
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://latchkey.test.evil.example' },
    'another RP ID': { rpId: 'evil.example' },
    'a registration': { type: 'webauthn.create' },
    'the challenge of a sign-in': { challenge: signInOptions.challenge },
    'the challenge of another registration': { challenge: (await optionsOf(otherToken)).body.challenge },
    'a frame of another origin': { crossOrigin: true },
    'a top origin': { topOrigin: ORIGIN },
    'no user handle': { userHandle: null },
    'the user handle of another': { userHandle: Buffer.from('another').toString('base64url') },
    'an unverified user': { isVerified: false },
    'an absent user': { isPresent: false },
    'another key': { key: privateKey },
  };
  for (const [what, lie] of Object.entries(lies))
    t.match(
      await verify(token, authenticator.get(await fresh(), lie)),
      { status: 401, body: { slug: 'passkey-not-accepted' } },
      what,
    );
  const right = authenticator.get(await fresh());
  const short = right.response.authenticatorData.slice(0, 20);
  const broken = { ...right, response: { ...right.response, authenticatorData: short } };
  t.equal((await verify(token, broken)).status, 401, 'truncated data');
  t.equal((await verify(token, right)).status, 401, 'its challenge is used up');
  const { credentialId: id } = new Authenticator();
  const renamed = { ...authenticator.get(await fresh()), id, rawId: id };
  t.equal((await verify(token, renamed)).status, 401, 'another credential, signed by its key');
  t.match(await verify(token, right, { password: PASSWORD }), {
    body: { errors: [{ pointer: '/passkey', code: 'unknown' }] },
  });
  t.equal(await mailed.app.accounts.db.user.count({ where: { email } }), 0);
  t.equal((await verify(token, authenticator.get(await fresh()))).status, 200);
});

t.test('A counter that fell back confirms nothing', async (t) => {
  const { authenticator, token } = await newApplicant('counter@example.com', { counts: true });
  const options = async () => (await optionsOf(token)).body;
  const { db } = mailed.app.accounts;
  const where = { email: 'counter@example.com' };
  const { passkey } = await db.registration.findFirstOrThrow({ where });
  const raised = JSON.stringify({ ...JSON.parse(passkey!), counter: 7 });
  await db.registration.updateMany({ where, data: { passkey: raised } });
  t.equal((await verify(token, authenticator.get(await options(), { counter: 7 }))).status, 401);
  t.equal((await verify(token, authenticator.get(await options(), { counter: 9 }))).status, 200);
  t.match(await db.passkey.findUnique({ where: { credentialId: authenticator.credentialId } }), {
    counter: 9,
  });
});

t.test('Of verifications at once, one makes the account', async (t) => {
  const email = 'at-once@example.com';
  const { authenticator, token } = await newApplicant(email);
  const answers = await Promise.all(
    [1, 2, 3].map(async () => verify(token, authenticator.get((await optionsOf(token)).body))),
  );
  t.equal(answers.filter(({ status }) => status === 200).length, 1);
  for (const { status } of answers) t.ok([200, 403, 409].includes(status), `${status}`);
  t.equal(await mailed.app.accounts.db.passkey.count({ where: { user: { email } } }), 1);
});

t.test('An address, or a passkey, that got an account meanwhile is taken', async (t) => {
  const { db } = mailed.app.accounts;
  const first = await newApplicant('meanwhile@example.com');
  const { id } = await mailed.person(1);
  await db.user.update({ where: { id }, data: { email: 'meanwhile@example.com' } });
  const answer = await verify(first.token, first.authenticator.get((await optionsOf(first.token)).body));
  t.match(answer, { status: 409, body: { slug: 'email-taken' } });

  const second = await newApplicant('meanwhile-2@example.com');
  const other = await addPasskey(mailed, id);
  const { credentialId } = second.authenticator;
  await db.passkey.update({ where: { credentialId: other.credentialId }, data: { credentialId } });
  const taken = await verify(second.token, second.authenticator.get((await optionsOf(second.token)).body));
  t.match(taken, { status: 409, body: { slug: 'passkey-exists' } });
  t.equal(await db.user.count({ where: { email: 'meanwhile-2@example.com' } }), 0);
});

t.test(
  'Tokens of other mails get no options, and a registration with a password takes no passkey',
  async (t) => {
    const email = 'password@example.com';
    await mailed.ask('POST', '/register', { body: { name, email, password: PASSWORD } });
    const token = await tokenFor(mailed, email, 'registration');
    t.match(await optionsOf(token), { status: 403, body: { slug: 'mail-token-invalid' } });
    const passkey = new Authenticator().get({ challenge: '' });
    t.match(await verify(token, passkey), {
      status: 400,
      body: { errors: [{ pointer: '/password', code: 'required' }] },
    });
  },
);

t.test('Without a mail server, the account is made at once', async (t) => {
  const { db } = open.app.accounts;
  const email = 'open@example.com';
  const options = await optionsFrom(open, email);
  const authenticator = new Authenticator({ isSynced: false });
  const key = { 'idempotency-key': 'one' };
  const body = { name, email, passkey: authenticator.create(options) };
  const made = await open.ask('POST', '/register', { body, headers: key });
  t.equal(made.status, 201);
  t.equal(made.headers['cache-control'], 'no-store');
  t.equal(made.body.recoveryCodes.length, 10);
  t.equal(Buffer.from(options.user.id, 'base64url').toString(), made.body.id, 'the user handle is its id');
  t.match(readClaims(pairOf(await signIn(open, authenticator)).accessToken), {
    sub: made.body.id,
    amr: ['pop', 'user', 'mfa'],
  });
  const repeated = await open.ask('POST', '/register', { body, headers: key });
  t.match(repeated, { status: 400, body: { slug: 'passkey-invalid' } }, 'no key repeats recovery codes');
  t.equal(await db.idempotentRequest.count(), 0);

  const again = new Authenticator();
  t.match(await register(open, email, again.create(await optionsFrom(open, email))), {
    status: 409,
    body: { slug: 'email-taken' },
  });
  t.match(await register(open, 'other@example.com', authenticator.create(await optionsFrom(open, email))), {
    status: 409,
    body: { slug: 'passkey-exists' },
  });
  t.equal(await db.user.count(), 1);
});

t.test('What is no new passkey is refused with one answer, and makes nothing', async (t) => {
  const email = 'bad@example.com';
  const signInOptions = (await open.ask('POST', '/login/passkey/options')).body;
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://evil.example' },
    'an origin below': { origin: 'https://a.latchkey.test' },
    'another RP ID': { rpId: 'evil.example' },
    'an assertion': { type: 'webauthn.get' },
    'a challenge of nobody': { challenge: Buffer.alloc(64).toString('base64url') },
    'the challenge of a sign-in': { challenge: signInOptions.challenge },
    'a frame of another origin': { crossOrigin: true },
    'a top origin': { topOrigin: ORIGIN },
    'an unverified user': { isVerified: false },
    'an absent user': { isPresent: false },
    'another format': { format: 'fido-u2f' },
    'an attestation with certificates': { format: 'packed', statement: new Map([['x5c', []]]) },
  };
  const refused = { status: 400, body: { slug: 'passkey-invalid' } };
  for (const [what, lie] of Object.entries(lies)) {
    const passkey = new Authenticator().create(await optionsFrom(open, email), lie);
    t.match(await register(open, email, passkey), refused, what);
  }
  const right = new Authenticator().create(await optionsFrom(open, email));
  const attestationObject = right.response.attestationObject.slice(0, 40);
  const broken = { ...right, response: { ...right.response, attestationObject } };
  t.match(await register(open, email, broken), refused, 'truncated CBOR');
  t.match(await register(open, email, right), refused, 'its challenge is used up');
  const large = { ...right, response: { ...right.response, attestationObject: 'a'.repeat(1_000_000) } };
  t.equal((await register(open, email, large)).status, 413);
  const twice = new Authenticator().create(await optionsFrom(open, email));
  t.match(await register(open, email, twice, { password: PASSWORD }), {
    status: 400,
    body: { errors: [{ pointer: '/passkey', code: 'unknown' }] },
  });
  t.match(await open.ask('POST', '/register', { body: { name, email } }), {
    status: 400,
    body: { errors: [{ pointer: '/password', code: 'required' }] },
  });
  t.equal(await open.app.accounts.db.user.count({ where: { email } }), 0);
});

t.test('Registration can be closed, and passkeys can be off', async (t) => {
  const closed = await startApi(t, { REGISTRATION: 'invite' });
  const off = await startApi(t, { SIGN_IN_METHODS: 'password' });
  const email = 'ada@example.com';
  const passkey = new Authenticator().create(await optionsFrom(open, email));
  for (const [api, slug] of [
    [closed, 'registration-closed'],
    [off, 'passkeys-not-available'],
  ] as const) {
    const options = await api.ask('POST', '/register/passkey/options', { body: { name, email } });
    t.match(options.body, { slug });
    t.match((await register(api, email, passkey)).body, { slug });
  }
});
