import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The beginning of every API key, by which scanners of secrets find one. */
export const API_KEY_PREFIX = 'lk_';

/**
 * The form of every API key: `lk_`, the id in 22 digits of base62, `_`, a secret of 30 digits, and 6 digits
 * of checksum. docs/guides/api-keys.md gives it to scanners of secrets.
 */
const API_KEY = /^lk_([0-9A-Za-z]{22})_[0-9A-Za-z]{36}$/;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = BigInt(DIGITS.length);
const ID_LENGTH = 22;
/** 178 bits: they cannot be guessed, so a plain hash of the key is stored. */
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const MAX_ID = 2n ** 128n - 1n;

/** Bytes from here on are dropped: with them, some digits would be more frequent than others. */
const BYTE_LIMIT = 256 - (256 % DIGITS.length);

/** Makes the API key of an id. @param id a UUID */
export function newApiKey(id: string): string {
  const open = `${API_KEY_PREFIX}${encode(BigInt(`0x${id.replaceAll('-', '')}`), ID_LENGTH)}_${randomDigits()}`;
  return open + checksumOf(open);
}

/**
 * Reads the id of an API key whose form and checksum are right.
 *
 * @returns undefined for every other text, without a look into the database
 */
export function readApiKeyId(key: string): string | undefined {
  const digits = API_KEY.exec(key)?.[1];
  if (digits === undefined || checksumOf(key.slice(0, -CHECKSUM_LENGTH)) !== key.slice(-CHECKSUM_LENGTH))
    return undefined;
  const number = decode(digits);
  if (number > MAX_ID) return undefined;
  const hex = number.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The hash of an API key that is stored. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

/** The CRC32 of what stands before it: GitHub's tokens have the same. A typing error is seen by it. */
function checksumOf(open: string): string {
  return encode(BigInt(crc32(open)), CHECKSUM_LENGTH);
}

function randomDigits(): string {
  let digits = '';
  while (digits.length < SECRET_LENGTH)
    for (const byte of randomBytes(SECRET_LENGTH))
      if (byte < BYTE_LIMIT && digits.length < SECRET_LENGTH) digits += DIGITS[byte % DIGITS.length];
  return digits;
}

function encode(value: bigint, length: number): string {
  let digits = '';
  for (let rest = value; digits.length < length; rest /= BASE) digits = DIGITS[Number(rest % BASE)] + digits;
  return digits;
}

function decode(digits: string): bigint {
  let value = 0n;
  for (const digit of digits) value = value * BASE + BigInt(DIGITS.indexOf(digit));
  return value;
}
