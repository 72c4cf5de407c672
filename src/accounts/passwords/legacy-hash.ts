import { scrypt, timingSafeEqual } from 'node:crypto';
import { readScrypt, type ScryptHash } from './parse-hash.ts';

/** Bytes that scrypt may take; Node.js's default is a quarter of what accepted parameters need. */
const SCRYPT_MEMORY = 256 * 1024 * 1024;

/** Bytes of a password that bcrypt looks at. */
const BCRYPT_LENGTH = 72;

/**
 * Verifies a password with a hash that other software has made: bcrypt or scrypt, on another thread as argon2 is.
 *
 * @param hash as `acceptHash` has let it in
 */
export async function verifyForeign(hash: string, password: string): Promise<boolean> {
  const parts = readScrypt(hash);
  if (parts !== undefined) return verifyScrypt(parts, password);
  // 1 MB that only those need who have such hashes.
  const { compare } = await import('@node-rs/bcrypt');
  return compare(password, hash);
}

/**
 * Whether bcrypt has perhaps compared the beginning of the password alone. The rest of it may be mistyped, or missing, so no other
 * hash is to be made of it.
 */
export function mayBeCutOff(hash: string, password: string): boolean {
  return hash.startsWith('$2') && Buffer.byteLength(password) >= BCRYPT_LENGTH;
}

function verifyScrypt({ N, r, p, salt, hash }: ScryptHash, password: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, { N, r, p, maxmem: SCRYPT_MEMORY }, (error, key) =>
      error === null ? resolve(timingSafeEqual(key, hash)) : reject(error),
    );
  });
}
