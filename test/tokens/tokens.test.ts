/**
 * Tests the tokens that the guard refuses, because the service never issued them. Each gets a 401, none a
 * 500.
 *
 * @runs once, on SQLite: the guard refuses them before a query.
 */
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import t from 'tap';
import { startApi } from '../helper.ts';
import {
  craftToken,
  encode,
  goodClaims,
  goodHeader,
  signES256,
  signedText,
  testSigningKey,
} from '../tokens.ts';

const now = Math.floor(Date.now() / 1000);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Signs any header and payload text with the key of the service: the signature is valid, the rest is not. */
const signed = (header: unknown, payload: unknown): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signES256(input)}`;
};

function withHmac(header: Record<string, unknown>, key: string): string {
  const input = `${encode({ ...goodHeader, ...header })}.${encode(goodClaims())}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

function withRsa(header: Record<string, unknown>): string {
  const input = `${encode({ ...goodHeader, ...header })}.${encode(goodClaims())}`;
  return `${input}.${sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url')}`;
}

/** The last character of a 64-byte signature carries 4 bits that base64url decoders ignore. */
function sameSignatureSpeltOtherwise(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1];
}

const swapPayload = (token: string, claims: Record<string, unknown>): string => {
  const [header, , signature] = token.split('.');
  return `${header}.${encode({ ...goodClaims(), ...claims })}.${signature}`;
};

const forged: Record<string, () => string> = {
  'alg none without a signature': () => `${encode({ ...goodHeader, alg: 'none' })}.${encode(goodClaims())}.`,
  'alg none with a signature': () => craftToken({}, { header: { alg: 'none' } }),
  'alg None': () => craftToken({}, { header: { alg: 'None' } }),
  'HS256 signed with the public key as PEM': () => withHmac({ alg: 'HS256' }, testSigningKey.publicPem),
  'HS256 signed with the public key as JWK': () =>
    withHmac(
      { alg: 'HS256' },
      JSON.stringify(createPublicKey(testSigningKey.publicPem).export({ format: 'jwk' })),
    ),
  'an HMAC under alg ES256': () => withHmac({}, testSigningKey.publicPem),
  'alg RS256 over our signature': () => craftToken({}, { header: { alg: 'RS256' } }),
  'alg RS256, truly signed': () => withRsa({ alg: 'RS256' }),
  'alg ES384': () => craftToken({}, { header: { alg: 'ES384' } }),
  'alg EdDSA': () => craftToken({}, { header: { alg: 'EdDSA' } }),
  'alg of another type': () => craftToken({}, { header: { alg: 256 } }),
  'no alg': () => craftToken({}, { header: { alg: undefined } }),
  'another key': () => craftToken({}, { otherKey: true }),
  'another kid': () => craftToken({}, { header: { kid: 'another' } }),
  'a kid of another type': () => craftToken({}, { header: { kid: 1 } }),
  'no kid': () => craftToken({}, { header: { kid: undefined } }),
  'a kid that is a path': () => craftToken({}, { header: { kid: '../../dev/null' } }),
  'a kid named __proto__': () => craftToken({}, { header: { kid: '__proto__' } }),
  'typ JWT': () => craftToken({}, { header: { typ: 'JWT' } }),
  'no typ': () => craftToken({}, { header: { typ: undefined } }),
  'typ in capital letters': () => craftToken({}, { header: { typ: 'AT+JWT' } }),
  'typ as a media type': () => craftToken({}, { header: { typ: 'application/at+jwt' } }),
  'typ of a refresh token': () => craftToken({}, { header: { typ: 'rt+jwt' } }),
  'crit with an unknown member': () => craftToken({}, { header: { crit: ['x'], x: 1 } }),
  'an empty crit': () => craftToken({}, { header: { crit: [] } }),
  'b64: false': () => craftToken({}, { header: { crit: ['b64'], b64: false } }),
  zip: () => craftToken({}, { header: { zip: 'DEF' } }),
  jku: () => craftToken({}, { header: { jku: 'http://127.0.0.1/jwks.json' } }),
  x5u: () => craftToken({}, { header: { x5u: 'http://127.0.0.1/cert.pem' } }),
  'a jwk of its own': () =>
    craftToken({}, { header: { jwk: testSigningKey.publicKey.export({ format: 'jwk' }) }, otherKey: true }),
  'a header that is an array': () => signed([goodHeader], goodClaims()),
  'a header that is null': () => signed(null, goodClaims()),
  'a payload that is null': () => signed(goodHeader, null),
  'a payload that is an array': () => signed(goodHeader, [goodClaims()]),
  'a payload that is text': () => signed(goodHeader, 'admin'),
  'no iss': () => craftToken({ iss: undefined }),
  'another iss': () => craftToken({ iss: 'http://elsewhere.test' }),
  'no aud': () => craftToken({ aud: undefined }),
  'another aud': () => craftToken({ aud: 'http://elsewhere.test' }),
  'aud as an array': () => craftToken({ aud: ['http://latchkey.test'] }),
  'no sub': () => craftToken({ sub: undefined }),
  'an empty sub': () => craftToken({ sub: '' }),
  'sub as a number': () => craftToken({ sub: 1 }),
  'no sid': () => craftToken({ sid: undefined }),
  'no client_id': () => craftToken({ client_id: undefined }),
  'another client_id': () => craftToken({ client_id: 'stranger' }),
  'no access': () => craftToken({ access: undefined }),
  'access as a string': () => craftToken({ access: '2' }),
  'access as a float': () => craftToken({ access: 2.5 }),
  'a negative access': () => craftToken({ access: -1 }),
  'access null': () => craftToken({ access: null }),
  'access true': () => craftToken({ access: true }),
  'access as an array': () => craftToken({ access: [2] }),
  'access NaN': () =>
    signedText(JSON.stringify({ ...goodClaims(), access: 0 }).replace('"access":0', '"access":NaN')),
  'access beyond all numbers': () =>
    signedText(JSON.stringify({ ...goodClaims(), access: 0 }).replace('"access":0', '"access":1e999')),
  'a huge access': () => craftToken({ access: 2 ** 60 }),
  'access just beyond 32 bits': () => craftToken({ access: 2 ** 31 }),
  'no gen': () => craftToken({ gen: undefined }),
  'gen as a string': () => craftToken({ gen: '0' }),
  'no auth_time': () => craftToken({ auth_time: undefined }),
  'no iat': () => craftToken({ iat: undefined }),
  'a future iat': () => craftToken({ iat: now + 3600 }),
  'no exp': () => craftToken({ exp: undefined }),
  'exp as a string': () => craftToken({ exp: String(now + 900) }),
  'exp null': () => craftToken({ exp: null }),
  'exp in the past': () => craftToken({ exp: now - 1 }),
  'a future nbf': () => craftToken({ nbf: now + 3600 }),
  'an nbf beyond all numbers': () => signedText(JSON.stringify(goodClaims()).replace('{', '{"nbf":1e999,')),
  'nbf as a string': () => craftToken({ nbf: 'now' }),
  'no jti': () => craftToken({ jti: undefined }),
  'another spelling of the same signature': () => sameSignatureSpeltOtherwise(craftToken()),
  'padding behind the signature': () => `${craftToken()}==`,
  'the payload of somebody else': () => swapPayload(craftToken(), { sub: 'somebody else' }),
  'no signature': () => craftToken().split('.').slice(0, 2).join('.'),
  'an empty signature': () => `${craftToken().split('.').slice(0, 2).join('.')}.`,
  'a signature of zeros': () =>
    `${craftToken().split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`,
  'a signature in DER': () => {
    const input = craftToken().split('.').slice(0, 2).join('.');
    return `${input}.${sign('sha256', Buffer.from(input), testSigningKey.privateKey).toString('base64url')}`;
  },
  'four segments': () => `${craftToken()}.e30`,
  'empty segments': () => '..',
  'a header that is no JSON': () => `${Buffer.from('{').toString('base64url')}.${encode(goodClaims())}.AAAA`,
};

t.test('Forged and altered tokens get a 401', async (t) => {
  const { ask } = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem });
  t.equal(
    (await ask('GET', '/control-panel', { token: craftToken() })).status,
    200,
    'one made the same way, but right, is accepted',
  );
  for (const [name, make] of Object.entries(forged)) {
    const answer = await ask('GET', '/control-panel', { token: make() });
    t.equal(answer.status, 401, name);
    t.match(answer.headers['www-authenticate'], 'error="invalid_token"', name);
  }
});

t.test('The header of a token names its key by RFC 7638 and its type by RFC 9068', async (t) => {
  const { person } = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem });
  const { token, id } = await person(1);
  const [header = '', payload = ''] = token.split('.');
  t.strictSame(JSON.parse(Buffer.from(header, 'base64url').toString()), goodHeader);
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  t.strictSame(Object.keys(claims).sort(), Object.keys(goodClaims()).sort());
  t.match(claims, { sub: id, access: 1, gen: 0, client_id: 'latchkey' });
  t.equal(claims.exp - claims.iat, 900);
});
