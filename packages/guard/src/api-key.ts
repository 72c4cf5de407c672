import { crc32 } from 'node:zlib';

/** The beginning of every API key of Latchkey. */
export const API_KEY_PREFIX = 'lk_';

/** The form of every API key: its id, a secret of 30 digits, and 6 digits of checksum (docs/guides/api-keys.md). */
const API_KEY = /^lk_[0-9A-Za-z]{22}_[0-9A-Za-z]{36}$/;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM_LENGTH = 6;

/** Tells whether a text has the form and the checksum of an API key. Everything else is refused unasked. */
export function isApiKey(text: string): boolean {
  return API_KEY.test(text) && checksumOf(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** The CRC32 of a text in base62. */
function checksumOf(text: string): string {
  let digits = '';
  for (let rest = crc32(text); digits.length < CHECKSUM_LENGTH; rest = Math.floor(rest / DIGITS.length))
    digits = DIGITS[rest % DIGITS.length] + digits;
  return digits;
}
