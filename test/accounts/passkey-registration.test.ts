/** The ceremony that adds a passkey: everything that is not one, and the mailed code of a first factor. */
import { SettingsService } from '@simplewebauthn/server';
import t, { type Test } from 'tap';
import type { PasskeyAttestation } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import { type Answer, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { ROOT, WITH_CRL } from './attestation-certificates.ts';
import { Authenticator, type Lie, ORIGIN } from './authenticator.ts';
import { open, readClaims } from './client.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, SECOND_FACTOR_FROM: 'admin' });
const { ask, app, person } = api;
const { db } = app.accounts;

const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string, name = slug) =>
  t.strictSame([status, body.slug], [expected, slug], name);
const ask4 = (token: string) => ask('POST', '/me/passkeys/options', { token });
const options = async (token: string) => (await ask4(token)).body.options;
const finish = (token: string, passkey: PasskeyAttestation, more = {}) =>
  ask('POST', '/me/passkeys', { token, body: { passkey, ...more } });

t.test('Everything that is no passkey of this session and site is refused with one answer', async (t) => {
  const { token, id } = await person(1);
  const other = await open(api, id);
  const stranger = await person(1);
  const fresh = await options(token);
  const signIn = (await ask('POST', '/login/passkey/options')).body;
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://latchkey.test.evil.example' },
    'an origin below': { origin: 'https://a.latchkey.test' },
    'another port': { origin: `${ORIGIN}:8443` },
    'plain http': { origin: 'http://latchkey.test' },
    'another RP ID': { rpId: 'evil.example' },
    'a sign-in': { type: 'webauthn.get' },
    'a challenge of nobody': { challenge: Buffer.alloc(64).toString('base64url') },
    'a challenge that was altered': { challenge: `${fresh.challenge.slice(0, -2)}AA` },
    'no challenge': { challenge: '' },
    'the challenge of another session': { challenge: (await options(other.accessToken)).challenge },
    'the challenge of another person': { challenge: (await options(stranger.token)).challenge },
    'the challenge of a sign-in': { challenge: signIn.challenge },
    'a frame of another origin': { crossOrigin: true },
    'a top origin': { topOrigin: ORIGIN },
    'an absent user': { isPresent: false },
    'an unknown format': { format: 'invented' },
    'a statement of another kind': { format: 'android-key', statement: new Map() },
    'a statement without a signature': { format: 'packed', statement: new Map([['alg', -7]]) },
  };
  for (const [name, lie] of Object.entries(lies)) {
    const passkey = new Authenticator().create(await options(token), lie);
    isProblem(t, await finish(token, passkey), 400, 'passkey-invalid', name);
  }
  const altered: Record<string, (passkey: PasskeyAttestation) => PasskeyAttestation['response']> = {
    'truncated CBOR': ({ response }) => ({
      ...response,
      attestationObject: response.attestationObject.slice(0, 60),
    }),
    'no CBOR': ({ response }) => ({ ...response, attestationObject: 'AAAA' }),
    nothing: ({ response }) => ({ ...response, attestationObject: '' }),
    'deep CBOR': ({ response }) => ({
      ...response,
      attestationObject: Buffer.alloc(9000, 0x81).toString('base64url'),
    }),
    'client data that is no JSON': ({ response }) => ({ ...response, clientDataJSON: 'AAAA' }),
  };
  for (const [name, alter] of Object.entries(altered)) {
    const right = new Authenticator().create(await options(token));
    isProblem(t, await finish(token, { ...right, response: alter(right) }), 400, 'passkey-invalid', name);
  }
  const right = new Authenticator().create(await options(token));
  const named = { ...right, id: new Authenticator().credentialId };
  isProblem(t, await finish(token, named), 400, 'passkey-invalid', 'the id of another');
  isProblem(t, await finish(token, right), 400, 'passkey-invalid', 'its challenge is used up all the same');
  t.equal(await db.passkey.count(), 0);
  t.match(await db.user.findUniqueOrThrow({ where: { id } }), { secondFactor: false });
});

t.test('A key of an algorithm that was not asked for is refused', async (t) => {
  const { token } = await person(1);
  const weak = new Authenticator({ algorithm: -65_535 });
  isProblem(t, await finish(token, weak.create(await options(token))), 400, 'passkey-invalid');
});

t.test('A statement with certificates opens no URL', async (t) => {
  const { token } = await person(1);
  const real = globalThis.fetch;
  const opened: string[] = [];
  globalThis.fetch = async (url) => {
    opened.push(String(url));
    throw new Error('No URL is opened');
  };
  t.teardown(() => {
    globalThis.fetch = real;
  });
  // With a root that the certificate leads to, the library opens the URL of its revocation list.
  const pem = `-----BEGIN CERTIFICATE-----\n${ROOT}\n-----END CERTIFICATE-----`;
  const formats = ['packed', 'tpm', 'android-safetynet', 'fido-u2f', 'apple', 'android-key'] as const;
  for (const identifier of formats) SettingsService.setRootCertificates({ identifier, certificates: [pem] });
  for (const format of formats) {
    const statement = new Map<string, unknown>([
      ['alg', -7],
      ['sig', new Uint8Array(70)],
      ['x5c', [new Uint8Array(Buffer.from(WITH_CRL, 'base64'))]],
    ]);
    const passkey = new Authenticator().create(await options(token), { format, statement });
    isProblem(t, await finish(token, passkey), 400, 'passkey-invalid', format);
  }
  t.strictSame(opened, []);
});

t.test('A body that is no credential is refused before anything is read', async (t) => {
  const { token } = await person(1);
  const right = new Authenticator().create(await options(token));
  const { response } = right;
  for (const body of [
    {},
    { passkey: 'text' },
    { passkey: { ...right, type: 'password' } },
    { passkey: { ...right, unknown: 1 } },
    { passkey: { ...right, response: { ...response, attestationObject: 'not base64url!' } } },
    { passkey: { ...right, response: { ...response, transports: ['a b'] } } },
    { passkey: right, name: '' },
    { passkey: right, mailCode: '1234' },
  ])
    isProblem(t, await ask('POST', '/me/passkeys', { token, body }), 400, 'validation-failed');
  const large = { ...right, response: { ...response, attestationObject: 'A'.repeat(1_000_000) } };
  t.equal((await finish(token, large)).status, 413);
  t.equal((await finish(token, right)).status, 201, 'its challenge was not used');
});

t.test('A challenge is used once, and a credential belongs to one account', async (t) => {
  const { token, id } = await person(1);
  const asked = await options(token);
  const [one, two] = [new Authenticator(), new Authenticator()];
  const answers = await Promise.all([one, two].map((device) => finish(token, device.create(asked))));
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 400]);
  t.equal(await db.passkey.count({ where: { userId: id } }), 1);
  const device = answers[0]?.status === 201 ? one : two;
  const next = answers.find(({ status }) => status === 201)?.body.accessToken;
  isProblem(t, await finish(next, device.create(await options(next))), 409, 'passkey-exists', 'the own one');
  const other = await person(1);
  const taken = device.create(await options(other.token));
  isProblem(t, await finish(other.token, taken), 409, 'passkey-exists', 'that of another');
  const both = new Authenticator();
  const people = [await person(1), await person(1)];
  const asks = await Promise.all(people.map(async (one) => [one.token, await options(one.token)] as const));
  const at = await Promise.all(asks.map(([token, asked]) => finish(token, both.create(asked))));
  t.strictSame(at.map(({ status, body }) => body.slug ?? status).sort(), [201, 'passkey-exists'], 'at once');
});

t.test('The challenge of a session ends with it', async (t) => {
  const { id } = await person(1);
  const session = await open(api, id);
  const passkey = new Authenticator().create(await options(session.accessToken));
  await db.session.delete({ where: { id: session.sessionId } });
  isProblem(t, await finish(session.accessToken, passkey), 401, 'invalid-token');
});

/** The last code that was mailed to a person. */
async function mailedTo({ email }: Pick<Person, 'email'>): Promise<string | undefined> {
  const mails = (await waitingFor(api, email)).filter(({ template }) => template === 'second-factor-code');
  t.match(mails.at(-1)?.values.minutes ?? '5', '5');
  return mails.at(-1)?.values.code;
}

t.test('Who has the password of an admin alone cannot be the first to add a passkey', async (t) => {
  const admin = await person(2);
  const { token } = admin;
  t.equal(readClaims(token).access, 1, 'one factor: the level below');
  const asked = await ask4(token);
  t.equal(asked.body.mailCodeRequired, true);
  const mailCode = await mailedTo(admin);
  t.match(mailCode, /^[0-9]{8}$/);
  const passkey = new Authenticator().create(asked.body.options);
  const missing = await finish(token, passkey);
  isProblem(t, missing, 400, 'validation-failed', 'no try');
  t.match(missing.body.errors, [{ in: 'body', pointer: '/mailCode', code: 'required' }]);
  const wrong = { mailCode: mailCode === '12345678' ? '87654321' : '12345678' };
  isProblem(t, await finish(token, passkey, wrong), 401, 'wrong-code');
  isProblem(t, await finish(token, passkey, { mailCode }), 400, 'passkey-invalid', 'one try');
  t.equal(await db.passkey.count({ where: { userId: admin.id } }), 0);

  const again = new Authenticator().create(await options(token));
  isProblem(t, await finish(token, again, { mailCode }), 401, 'wrong-code', 'the code of another challenge');
  const last = new Authenticator().create(await options(token));
  const { status, body } = await finish(token, last, { mailCode: await mailedTo(admin) });
  t.equal(status, 201);
  t.match(readClaims(body.accessToken), { acr: '2', access: 2 });
  t.equal((await ask4(body.accessToken)).body.mailCodeRequired, false, 'a second one raises nothing');
});

t.test('Three codes an hour are mailed to an address', async (t) => {
  const admin = await person(2);
  for (let n = 0; n < 3; n++) t.equal((await ask4(admin.token)).status, 200);
  const refused = await ask4(admin.token);
  isProblem(t, refused, 429, 'too-many-requests');
  t.equal(refused.headers['retry-after'], '3600');
});

t.test('Without a mail server the password is enough', async (t) => {
  const other = await startApi(t, { SECOND_FACTOR_FROM: 'admin' });
  const admin = await other.person(2);
  const { body } = await other.ask('POST', '/me/passkeys/options', { token: admin.token });
  t.equal(body.mailCodeRequired, false);
  const passkey = new Authenticator().create(body.options);
  const answer = await other.ask('POST', '/me/passkeys', { token: admin.token, body: { passkey } });
  t.match(readClaims(answer.body.accessToken), { acr: '2', access: 2 });
});

t.test('Without passkeys there are no options', async (t) => {
  const off = await startApi(t, { SIGN_IN_METHODS: 'password' });
  const { token } = await off.person(1);
  const passkey = new Authenticator().create(await options((await person(1)).token));
  isProblem(t, await off.ask('POST', '/me/passkeys/options', { token }), 404, 'passkeys-not-available');
  const body = { passkey };
  isProblem(t, await off.ask('POST', '/me/passkeys', { token, body }), 404, 'passkeys-not-available');
});
