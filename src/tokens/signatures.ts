import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { Algorithm } from './generate-key.ts';
import type { SigningKey, VerificationKey } from './keys.ts';

/** What is hashed before it is signed: RFC 7518 sections 3.3 and 3.4. EdDSA hashes by itself (RFC 8037 section 3.1). */
const digests = { ES256: 'sha256', RS256: 'sha256', EdDSA: undefined } satisfies Record<
  Algorithm,
  string | undefined
>;

/** The signature of ES256 is R and S, 32 bytes each, and not the DER that OpenSSL writes: RFC 7518 section 3.4. */
const dsaEncoding = 'ieee-p1363';

/** Signs a text of ASCII characters. @returns the signature in base64url */
export type Sign = (text: string) => string;

/** Whether a signature in base64url is that of a text of ASCII characters; never throws, whatever the signature is. */
export type VerifySignature = (text: string, signature: string) => boolean;

/** What signs with a key, by the one algorithm that the key has (RFC 8725 section 3.1). */
export function signerOf({ algorithm, privateKey }: SigningKey): Sign {
  const digest = digests[algorithm];
  const key = { key: createPrivateKey(privateKey), dsaEncoding } as const;
  return (text) => sign(digest, Buffer.from(text, 'latin1'), key).toString('base64url');
}

/** What verifies what a key has signed, by the one algorithm that the key has (RFC 8725 section 3.1). */
export function verifierOf({ algorithm, publicKey }: VerificationKey): VerifySignature {
  const digest = digests[algorithm];
  const key = { key: createPublicKey(publicKey), dsaEncoding } as const;
  return (text, signature) =>
    verify(digest, Buffer.from(text, 'latin1'), key, Buffer.from(signature, 'base64url'));
}
