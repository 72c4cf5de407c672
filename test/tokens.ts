/** Makes tokens with node:crypto alone, which the signer of the product would never make. */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { PUBLIC_URL } from './helper.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The signing key of an app under test: `JWT_PRIVATE_KEY`. */
export const testSigningKey = {
  pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  privateKey: pair.privateKey,
  publicKey: pair.publicKey,
  publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  kid: thumbprint(pair.publicKey),
};

/** Computes the thumbprint of RFC 7638, independently of the product. */
export function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = createPublicKey(key.export({ type: 'spki', format: 'pem' })).export({
    format: 'jwk',
  });
  return createHash('sha256')
    .update(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`)
    .digest('base64url');
}

export const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Returns the claims of a token that would be accepted. */
export function goodClaims(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: PUBLIC_URL,
    aud: PUBLIC_URL,
    sub: randomUUID(),
    sid: randomUUID(),
    client_id: 'latchkey',
    access: 2,
    acr: '1',
    amr: ['pwd'],
    gen: 0,
    auth_time: now,
    iat: now,
    exp: now + 900,
    jti: randomUUID(),
  };
}

export const goodHeader = { alg: 'ES256', typ: 'at+jwt', kid: testSigningKey.kid };

/** Makes a token of {@link goodClaims} with some of them replaced; `undefined` leaves a claim out. */
export function craftToken(
  claims: Record<string, unknown> = {},
  { header = {}, otherKey = false }: { header?: Record<string, unknown>; otherKey?: boolean } = {},
): string {
  const input = `${encode({ ...goodHeader, ...header })}.${encode({ ...goodClaims(), ...claims })}`;
  return `${input}.${signES256(input, otherKey ? other.privateKey : pair.privateKey)}`;
}

/** Signs claims as text: JSON has more numbers than JavaScript. */
export function signedText(claims: string): string {
  const input = `${encode(goodHeader)}.${Buffer.from(claims).toString('base64url')}`;
  return `${input}.${signES256(input)}`;
}

export function signES256(input: string, key: KeyObject = pair.privateKey): string {
  return sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}
