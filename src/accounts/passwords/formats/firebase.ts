import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { type AcceptedHash, areLongEnough, fromBase64, tooCostly, toUnpaddedBase64 } from './format.ts';
import { deriveScrypt, findCostProblem, type ScryptHash } from './scrypt.ts';

/** The hash parameters of a Firebase project, as its console shows them. The signer key is a secret. */
export interface FirebaseParameters {
  readonly signerKey: Buffer;
  readonly saltSeparator: Buffer;
  readonly rounds: number;
  /** The power of two of scrypt's N. */
  readonly memCost: number;
}

/** A user's salt and hash, in base64 or base64url. */
const importedText = /^firebase-scrypt:([\w+/-]+={0,2}):([\w+/-]+={0,2})$/;
const storedText = /^\$firebase-scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const KEY_BYTES = 32;
const IV = Buffer.alloc(16);

/** Tells whether a text is a hash of Firebase, which needs the parameters of its project. */
export function isFirebaseText(text: string): boolean {
  return text.startsWith('firebase-scrypt:');
}

/**
 * Accepts a hash of Firebase. Firebase encrypts the signer key with a key that scrypt derives from the
 * password (AES-256 in counter mode). The ciphertext XOR the signer key is the key stream, which depends on
 * the password alone. The stored form has the key stream, so the signer key is not needed any more.
 */
export function acceptFirebase(
  text: string,
  { signerKey, saltSeparator, rounds, memCost }: FirebaseParameters,
): AcceptedHash | undefined {
  const [, saltText = '', hashText = ''] = importedText.exec(text) ?? [];
  const [salt, hash] = [fromBase64(saltText), fromBase64(hashText)];
  if (salt === undefined || hash === undefined || hash.length !== signerKey.length) return undefined;
  const salted = Buffer.concat([salt, saltSeparator]);
  if (!areLongEnough(salted, hash)) return undefined;
  if (findCostProblem({ N: 2 ** memCost, r: rounds, p: 1 })) return tooCostly;
  const stream = Buffer.from(hash.map((byte, index) => byte ^ signerKey.readUInt8(index)));
  const digits = `${toUnpaddedBase64(salted)}$${toUnpaddedBase64(stream)}`;
  return { hash: `$firebase-scrypt$ln=${memCost},r=${rounds},p=1$${digits}` };
}

/** Reads a stored hash. @returns undefined when it is not one of Firebase */
export function readFirebase(text: string): ScryptHash | undefined {
  const [, ln, r, salt = '', hash = ''] = storedText.exec(text) ?? [];
  if (ln === undefined) return undefined;
  const bytes = { salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
  return { N: 2 ** Number(ln), r: Number(r), p: 1, ...bytes };
}

/** Accepts a hash in the stored form, which an export has. */
export function acceptStoredFirebase(text: string): AcceptedHash | undefined {
  const parts = readFirebase(text);
  if (parts === undefined || !areLongEnough(parts.salt, parts.hash)) return undefined;
  const problem = findCostProblem(parts);
  if (problem !== undefined) return problem.isTooCostly ? tooCostly : undefined;
  return { hash: text };
}

/** Verifies a password with the parts of a stored hash. */
export async function verifyFirebase(parts: ScryptHash, password: string): Promise<boolean> {
  const key = await deriveScrypt(password, parts.salt, parts, KEY_BYTES);
  const stream = createCipheriv('aes-256-ctr', key, IV).update(Buffer.alloc(parts.hash.length));
  return timingSafeEqual(stream, parts.hash);
}
