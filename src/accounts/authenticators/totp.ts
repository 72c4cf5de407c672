import { HOTP, Secret, TOTP } from 'otpauth';
import { isSameText } from '../../crypto/same-text.ts';
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
 * Returns the name of the service in authenticator apps: the host of its URL. The format of the URI has
 * colons between its parts, so an IPv6 address cannot be one.
 */
export function totpIssuerOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  return hostname.includes(':') ? 'Latchkey' : hostname;
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
 * Finds the time step of a code. Where a code is that of several steps, it is the last of them: the code is
 * then used up for all of them.
 *
 * @param secret in base32
 * @param time by the database's clock: all processes agree on it
 * @returns undefined for a wrong code
 */
export function findStep(secret: string, code: string, time: Date): number | undefined {
  const now = stepOf(time);
  const key = Secret.fromBase32(secret);
  let found: number | undefined;
  for (let step = now - TOLERANCE_STEPS; step <= now + TOLERANCE_STEPS; step++) {
    const expected = HOTP.generate({ secret: key, algorithm: ALGORITHM, digits: DIGITS, counter: step });
    if (isSameText(expected, code)) found = step;
  }
  return found;
}

/** The last step whose code is accepted at a time. With it as `lastStep`, no code of until then is. */
export function lastStepAsOf(time: Date): number {
  return stepOf(time) + TOLERANCE_STEPS;
}

function stepOf(time: Date): number {
  return TOTP.counter({ period: PERIOD_SECONDS, timestamp: time.getTime() });
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
  const step = findStep(secret, code, time);
  if (step === undefined) return 'wrong';
  const { count } = await tx.totp.updateMany({
    where: { userId, lastStep: { lt: step } },
    data: { lastStep: step, lastUsedAt: time },
  });
  return count === 1 ? 'accepted' : 'used';
}
