import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { decode, encode, segmentsOf } from './segments.ts';

/** Forges tokens, signed with the public key as a secret or with another key. */
export function forgedFrom(token: string, jwk: JsonWebKey): string[] {
  const [header = '', payload = '', signature = ''] = segmentsOf(token);
  const before: Record<string, unknown> = JSON.parse(decode(header).toString());
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const secrets = [
    pem,
    pem.trim(),
    spki,
    spki.toString('base64'),
    JSON.stringify(jwk),
    String(jwk.x),
    decode(String(jwk.x)),
    String(before.kid),
    'a',
  ];
  const signedAs = (other: object, make: (input: string) => string) => {
    const input = `${encode({ ...before, ...other })}.${payload}`;
    return `${input}.${make(input)}`;
  };
  const withOwnKey = (input: string) =>
    sign('sha256', Buffer.from(input), { key: own.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
      'base64url',
    );
  const kids = [
    '',
    '__proto__',
    'constructor',
    '../../dev/null',
    '/dev/null',
    "' OR 1=1 --",
    `${before.kid}\0`,
    ` ${before.kid}`,
    null,
    0,
    [before.kid],
    {},
  ];
  const ownJwk = own.publicKey.export({ format: 'jwk' });
  return [
    ...[
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      null,
      'HS256',
      'ES384',
      'RS256',
      'EdDSA',
      'es256',
      ['ES256'],
    ].flatMap((alg) => [
      signedAs({ alg }, () => ''),
      signedAs({ alg }, () => signature),
      signedAs({ alg }, withOwnKey),
    ]),
    ...['HS256', 'HS384', 'HS512'].flatMap((alg) =>
      secrets.map((key) =>
        signedAs({ alg }, (input) =>
          createHmac(alg.replace('HS', 'sha'), key).update(input).digest('base64url'),
        ),
      ),
    ),
    ...kids.flatMap((kid) => [signedAs({ kid }, withOwnKey), signedAs({ kid }, () => signature)]),
    ...[
      { jwk: ownJwk },
      { jku: 'http://127.0.0.1:9/jwks.json' },
      { x5u: 'http://127.0.0.1:9/' },
      { crit: [] },
      { b64: false, crit: ['b64'] },
      { typ: 'JWT' },
      { zip: 'DEF' },
    ].map((more) => signedAs(more, withOwnKey)),
    ...[Buffer.alloc(64), Buffer.alloc(64, 255), Buffer.alloc(0), Buffer.alloc(65)].map(
      (bytes) => `${header}.${payload}.${bytes.toString('base64url')}`,
    ),
  ];
}
