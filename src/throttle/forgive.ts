import { type Database, joinSql } from '../db/client.ts';
import { retryConflicts } from '../db/transaction.ts';
import { ALL_FAILURES, refundAttempts } from './failed-attempts.ts';
import type { Counted } from './reservation.ts';
import type { Throttle } from './throttle.ts';

/** The reservations under way are left alone: none of them began at this time. */
const NO_RESERVATION = -1;

/**
 * Forgives failures without an attempt of one's own, as `Throttle.succeed` does with one.
 *
 * @param own forgiven in full; undefined where there is no such counter
 * @param shared forgiven in full; with `own`, only as many failures as `own` had
 */
export async function forgiveFailures(
  { db, now, throttle }: Pick<Database, 'db' | 'now'> & { readonly throttle: Throttle },
  own: Counted | undefined,
  shared: Counted,
): Promise<void> {
  const counted = own === undefined ? [shared] : [own, shared];
  const ids = counted.map(({ subject }) => throttle.hash(subject));
  const rows = await db.raw.query<{ id: string; failures: number }>`
    SELECT "id", "failures" FROM "FailedTries" WHERE "id" IN (${joinSql(ids)}) AND "failures" > 0`;
  if (rows.length === 0) return;
  const failures = new Map(rows.map((row) => [row.id, row.failures]));
  const ownFailures = own === undefined ? ALL_FAILURES : (failures.get(throttle.hash(own.subject)) ?? 0);
  const attempts = counted.map((one) => ({
    id: throttle.hash(one.subject),
    policy: one.policy,
    pendingSince: NO_RESERVATION,
    resetOnSuccess: one === shared ? ownFailures : ALL_FAILURES,
  }));
  const time = (await now(db)).getTime();
  await retryConflicts(db.raw, () => refundAttempts(db, attempts, time));
}
