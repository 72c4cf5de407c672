import type { Transaction } from '../../db/client.ts';
import { lastStepAsOf } from './totp.ts';

/** Users from an id, exclusive, to another one, inclusive. */
export interface UserRange {
  readonly gt: string;
  readonly lte: string;
}

/**
 * Voids the codes that may have been used since a backup: recovery codes, sign-ins that wait for a second
 * factor, and one-time codes of until now. Secrets that wait for their first code go with their session.
 *
 * @returns the number of recovery codes
 */
export async function voidCodes(tx: Transaction, userId: UserRange, time: Date): Promise<number> {
  const lastStep = lastStepAsOf(time);
  await tx.signInChallenge.deleteMany({ where: { userId } });
  await tx.totp.updateMany({ where: { userId, lastStep: { lt: lastStep } }, data: { lastStep } });
  return (await tx.recoveryCode.deleteMany({ where: { userId } })).count;
}
