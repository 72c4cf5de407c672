import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB (`memoryCost` is KiB), 2 passes, 1 lane. */
const parameters = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * A hash with today's parameters that no password has: verified for unknown users,
 * so that they cost what known ones cost.
 */
const unmatchableHash = [
  '',
  'argon2id',
  'v=19',
  `m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}`,
  unpadded(randomBytes(16)),
  unpadded(randomBytes(32)),
].join('$');

/** Hashes a password with argon2id, in PHC string format. Takes tens of milliseconds of another thread: never in a transaction. */
export function hashPassword(password: string): Promise<string> {
  return argon2.hash(password, parameters);
}

/**
 * Verifies a password in the same time whether there is a hash or not.
 *
 * @param hash of the account, or undefined when there is no such account
 */
export async function verifyPassword(hash: string | undefined, password: string): Promise<boolean> {
  const matches = await argon2.verify(hash ?? unmatchableHash, password);
  return matches && hash !== undefined;
}

/** Whether a hash was made with other parameters than today's. */
export function needsRehash(hash: string): boolean {
  return argon2.needsRehash(hash, parameters);
}

/** PHC string format has base64 without padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
