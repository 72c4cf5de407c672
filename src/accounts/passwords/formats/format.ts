/** Types and functions that all formats of hashes share. */

/** A hash in its stored form, or the reason why it is refused. */
export type AcceptedHash = { readonly hash: string } | { readonly problem: string };

/** The cost of computing a hash. */
export interface HashCost {
  readonly memoryKib: number;
  readonly threads: number;
}

export const tooCostly = { problem: 'has parameters that cost too much to verify' };

/** A password that matches a shorter hash can be found by trying. */
const SALT_BYTES = { least: 8, most: 64 } as const;
const HASH_BYTES = { least: 16, most: 64 } as const;

/** Base64 with or without its padding. */
export const BASE64 = '[A-Za-z0-9+/]+';
export const PADDED_BASE64 = '[A-Za-z0-9+/]+={0,2}';
export const NUMBER = '(\\d{1,9})';

/** Tells whether a salt and a hash have lengths that are accepted. */
export function areLongEnough(salt: Buffer, hash: Buffer): boolean {
  return isBetween(salt.length, SALT_BYTES) && isBetween(hash.length, HASH_BYTES);
}

function isBetween(length: number, { least, most }: { readonly least: number; readonly most: number }) {
  return length >= least && length <= most;
}

/** Decodes base64, padded or not. @returns undefined when characters are missing */
export function fromBase64(text: string): Buffer | undefined {
  const digits = text.replace(/=+$/, '');
  return digits.length % 4 === 1 ? undefined : Buffer.from(digits, 'base64');
}

/** Encodes bytes in base64 without padding, as in PHC string format. */
export function toUnpaddedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
