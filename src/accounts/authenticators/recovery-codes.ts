import { createHash, randomBytes } from 'node:crypto';
import type { Transaction } from '../../db/client.ts';

/** Number of codes of an account. */
export const RECOVERY_CODE_COUNT = 10;

/** 80 bits: they cannot be guessed, so a hash needs neither a salt nor a slow function. */
const CODE_BYTES = 10;
const GROUP_LENGTH = 4;

/** Crockford's base32, in lower case: no letters that look like a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const BITS_PER_LETTER = 5;

/** The schema's pattern of a recovery code: any case, and any number of hyphens and blanks. */
export const RECOVERY_CODE_PATTERN = '^[0-9A-Za-z \\-]{16,40}$';

/**
 * Replaces the recovery codes of an account: those of before are void.
 *
 * @returns the codes, which are shown once: four groups of four letters and digits
 */
export async function replaceRecoveryCodes(tx: Transaction, userId: string, time: Date): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODE_COUNT }, newCode);
  await tx.recoveryCode.deleteMany({ where: { userId } });
  const data = codes.map((code) => ({ id: hashRecoveryCode(userId, code), userId, createdAt: time }));
  await tx.recoveryCode.createMany({ data });
  return codes;
}

/** Uses up a recovery code. @returns whether it is one of the account, and was not used before */
export async function consumeRecoveryCode(tx: Transaction, userId: string, code: string): Promise<boolean> {
  const { count } = await tx.recoveryCode.deleteMany({
    where: { id: hashRecoveryCode(userId, code), userId },
  });
  return count === 1;
}

/** The hash of a code that is stored. The user is part of it, so that rows cannot be swapped. */
function hashRecoveryCode(userId: string, code: string): string {
  return createHash('sha256')
    .update(`${userId} ${normalize(code)}`)
    .digest('base64url');
}

/** Removes what people type differently: case, hyphens, and letters that look like digits. */
function normalize(code: string): string {
  return code.toLowerCase().replace(/[ -]/g, '').replace(/o/g, '0').replace(/[il]/g, '1');
}

function newCode(): string {
  let bits = BigInt(`0x${randomBytes(CODE_BYTES).toString('hex')}`);
  let letters = '';
  for (let at = 0; at < (CODE_BYTES * 8) / BITS_PER_LETTER; at++) {
    letters += ALPHABET[Number(bits & 31n)];
    bits >>= 5n;
  }
  return (letters.match(new RegExp(`.{${GROUP_LENGTH}}`, 'g')) ?? []).join('-');
}
