import { scrypt, timingSafeEqual } from 'node:crypto';
import { readScrypt, type ScryptHash } from './parse-hash.ts';

/** The memory limit of scrypt. The default of Node.js is a quarter of what the accepted parameters need. */
const SCRYPT_MAX_BYTES = 256 * 1024 * 1024;

/** bcrypt reads only this many bytes of a password. */
const BCRYPT_MAX_BYTES = 72;

/**
 * Verifies a password with a bcrypt or scrypt hash of other software. Like argon2, it runs on another thread.
 *
 * @param hash a hash that `acceptHash` has accepted
 */
export async function verifyLegacyHash(hash: string, password: string): Promise<boolean> {
  const parts = readScrypt(hash);
  if (parts !== undefined) return verifyScrypt(parts, password);
  // The package takes 1 MB. It is loaded only when there are such hashes.
  const { compare } = await import('@node-rs/bcrypt');
  return compare(password, hash);
}

/**
 * Tells whether bcrypt may have compared only the beginning of the password. The rest can be wrong or
 * missing, so the password must not be hashed again.
 */
export function mayBeTruncated(hash: string, password: string): boolean {
  return hash.startsWith('$2') && Buffer.byteLength(password) >= BCRYPT_MAX_BYTES;
}

function verifyScrypt({ N, r, p, salt, hash }: ScryptHash, password: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, { N, r, p, maxmem: SCRYPT_MAX_BYTES }, (error, key) =>
      error === null ? resolve(timingSafeEqual(key, hash)) : reject(error),
    );
  });
}
