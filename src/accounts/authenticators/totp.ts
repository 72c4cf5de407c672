import { timingSafeEqual } from 'node:crypto';
import { HOTP, Secret, TOTP } from 'otpauth';
import type { Transaction } from '../../db/client.ts';
import type { AccountsContext } from '../context.ts';

/** RFC 6238 section 4: the parameters that every authenticator app knows. */
const ALGORITHM = 'SHA1';
const DIGITS = 6;
const PERIOD_SECONDS = 30;
/** RFC 4226 section 4 recommends a secret of 160 bits. */
const SECRET_BYTES = 20;
/** Steps that the clock of an app may be off, either way: RFC 6238 section 5.2. */
const TOLERANCE_STEPS = 1;

/** The schema's pattern of a one-time code. */
export const TOTP_CODE_PATTERN = `^[0-9]{${DIGITS}}$`;

/** A secret in base32, and the URI that apps read from a QR code. */
export interface TotpSecret {
  readonly secret: string;
  readonly uri: string;
}

/**
 * Makes a secret.
 *
 * @param issuer the name of the service, as apps show it
 * @param label the account, as apps show it
 */
export function newTotpSecret(issuer: string, label: string): TotpSecret {
  const secret = new Secret({ size: SECRET_BYTES });
  const uri = new TOTP({
    issuer,
    label,
    secret,
    algorithm: ALGORITHM,
    digits: DIGITS,
    period: PERIOD_SECONDS,
  });
  return { secret: secret.base32, uri: uri.toString() };
}

/**
 * Finds the time step of a code.
 *
 * @param secret in base32
 * @param time by the database's clock: all processes agree on it
 * @param lastStep the last step that was accepted: later ones are preferred
 * @returns undefined for a wrong code
 */
export function findStep(secret: string, code: string, time: Date, lastStep = 0): number | undefined {
  const now = TOTP.counter({ period: PERIOD_SECONDS, timestamp: time.getTime() });
  const key = Secret.fromBase32(secret);
  const matching: number[] = [];
  for (let step = now - TOLERANCE_STEPS; step <= now + TOLERANCE_STEPS; step++) {
    const expected = HOTP.generate({ secret: key, algorithm: ALGORITHM, digits: DIGITS, counter: step });
    if (isSameText(expected, code)) matching.push(step);
  }
  return matching.find((step) => step > lastStep) ?? matching[0];
}

/** Outcome of a code: accepted, used before, or wrong. */
export type CodeOutcome = 'accepted' | 'used' | 'wrong';

/**
 * Verifies a code of an account's TOTP and uses it up. Two transactions with one code: one of them gets
 * `accepted`, because the step only rises.
 */
export async function consumeTotpCode(
  { totpEncryption, now }: Pick<AccountsContext, 'totpEncryption' | 'now'>,
  tx: Transaction,
  userId: string,
  code: string,
): Promise<CodeOutcome> {
  const totp = await tx.totp.findUnique({ where: { userId } });
  if (totp === null) return 'wrong';
  const secret = totpEncryption.decrypt(totp.secret, userId);
  if (secret === undefined) throw new Error('A TOTP secret is not encrypted under SECRET or SECRET_PREVIOUS');
  const time = await now(tx);
  const step = findStep(secret, code, time, totp.lastStep);
  if (step === undefined) return 'wrong';
  const { count } = await tx.totp.updateMany({
    where: { userId, lastStep: { lt: step } },
    data: { lastStep: step, lastUsedAt: time },
  });
  return count === 1 ? 'accepted' : 'used';
}

function isSameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
