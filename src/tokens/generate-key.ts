import { generateKeyPairSync } from 'node:crypto';
import type { Algorithm } from './keys.ts';

const generate = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
} satisfies Record<Algorithm, unknown>;

/** A new private key in PEM, PKCS #8. RSA keys have 3072 bits, which NIST SP 800-57 calls 128 bits of security, like the others. */
export function generatePem(algorithm: Algorithm): string {
  return generate[algorithm]().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
