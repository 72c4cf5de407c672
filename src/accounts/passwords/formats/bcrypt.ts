import { createHash, createHmac } from 'node:crypto';
import { type AcceptedHash, tooCostly } from './format.ts';

/** A cost of 14 means 2^14 rounds, about a second. bcrypt has no cost below 4. */
const BCRYPT_COSTS = { least: 4, most: 14 } as const;

/** bcrypt reads only this many bytes of a password. */
const BCRYPT_MAX_BYTES = 72;

const BCRYPT_DIGITS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The key of WordPress 6.8 and later (`wp_hash_password`). It only separates these hashes from others. */
const WORDPRESS_KEY = 'wp-sha384';

/**
 * The text before a hash. Django writes `bcrypt$`, and `bcrypt_sha256$` when bcrypt gets a SHA-256 of the
 * password; WordPress writes `$wp` when it gets an HMAC; Spring Security writes `{bcrypt}`.
 */
const bcryptText =
  /^(bcrypt_sha256\$|\$wp|bcrypt\$|\{bcrypt\})?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21})([./A-Za-z0-9])([./A-Za-z0-9]{30})([./A-Za-z0-9])$/;

/** Functions that shorten a password before bcrypt reads it, by the beginning of the stored hash. */
const SHORTENED = {
  bcrypt_sha256$: (password: string) => createHash('sha256').update(password).digest('hex'),
  // PHP's trim(). No password has NUL, which it trims too.
  $wp: (password: string) =>
    createHmac('sha384', WORDPRESS_KEY)
      .update(password.replace(/^[ \n\r\t\v]+|[ \n\r\t\v]+$/g, ''))
      .digest('base64'),
} as const;

/**
 * Clears the unused bits in the last digits of the salt and the hash. Some software sets them, and our
 * verifier requires zeros.
 */
export function acceptBcrypt(text: string): AcceptedHash | undefined {
  const [, prefix = '', head = '', cost, saltEnd = '', hash = '', hashEnd = ''] = bcryptText.exec(text) ?? [];
  if (cost === undefined || Number(cost) < BCRYPT_COSTS.least || Number(cost) > 31) return undefined;
  if (Number(cost) > BCRYPT_COSTS.most) return tooCostly;
  const kept = prefix in SHORTENED ? prefix : '';
  return { hash: kept + head + clearUnusedBits(saltEnd, 4) + hash + clearUnusedBits(hashEnd, 2) };
}

function clearUnusedBits(digit: string, bits: number): string {
  const value = BCRYPT_DIGITS.indexOf(digit);
  return BCRYPT_DIGITS.charAt((value >> bits) << bits);
}

/** Verifies a password with a stored hash, on another thread. */
export async function verifyBcrypt(stored: string, password: string): Promise<boolean> {
  // The package takes 1 MB. It is loaded only when there are such hashes.
  const { compare } = await import('@node-rs/bcrypt');
  for (const [prefix, shorten] of Object.entries(SHORTENED))
    if (stored.startsWith(prefix)) return compare(shorten(password), stored.slice(prefix.length));
  return compare(password, stored);
}

/**
 * Tells whether bcrypt may have compared only the beginning of the password. The rest can be wrong or
 * missing, so the password must not be hashed again.
 */
export function mayBeTruncated(hash: string, password: string): boolean {
  return hash.startsWith('$2') && Buffer.byteLength(password) >= BCRYPT_MAX_BYTES;
}
