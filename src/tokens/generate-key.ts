import { generateKeyPairSync } from 'node:crypto';

/** An algorithm of access tokens (RFC 7518 section 3.1, RFC 8037 section 3.1). A key has one. */
export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

const generate = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
} satisfies Record<Algorithm, unknown>;

/**
 * Generates a private key in PEM, PKCS #8. RSA keys have 3072 bits: 128 bits of security by NIST SP 800-57,
 * like the other algorithms.
 */
export function generatePem(algorithm: Algorithm): string {
  return generate[algorithm]().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
