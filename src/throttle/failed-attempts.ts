import { type Handle, joinSql, sql } from '../db/client.ts';

/**
 * Time that a row may be ahead of the clock, because parallel attempts are not in order. Beyond that, the
 * clock was set back.
 */
const MAX_AHEAD_MS = 60_000;

/**
 * Lease of attempts under way, from the first of those that overlap: attempts of a killed process never get a
 * verdict. Longer than an attempt may wait and hash.
 */
const LEASE_MS = 10_000;

/** Number above the failures of any row. */
export const ALL_FAILURES = 1e9;

/** Number of free failures, and the delay after each further one. */
export interface Policy {
  /** Failures without a delay, two or more. */
  readonly free: number;
  /** Milliseconds of the first delay. Each later delay is twice as long as the one before. */
  readonly firstDelay: number;
  /** Maximum delay in milliseconds. */
  readonly longestDelay: number;
  /** Milliseconds after which one failure expires; Infinity when only a success resets failures. */
  readonly forgetEvery: number;
}

/** Counted subject with its policy. */
export interface PolicedTry {
  /** Id of its row. */
  readonly id: string;
  readonly policy: Policy;
}

/** Attempt under way, with the values of its row. */
export interface ReservedTry extends PolicedTry {
  /** Failures before this attempt. */
  readonly failures: number;
  /** Begin of the lease: when the first of the overlapping attempts was reserved. */
  readonly pendingSince: number;
}

/** Attempt that has ended. */
export interface RefundedTry extends PolicedTry {
  readonly pendingSince: number;
  /** Failures that its success resets. */
  readonly resetOnSuccess: number;
}

/**
 * Reserves attempts before they are made. One statement ensures that parallel attempts are never more than
 * would be free if all of them failed; beyond that, one runs at a time. A delay that began in the future
 * counts as over: the clock was set back, and the delay would last until that time.
 *
 * @param time milliseconds since 1970
 * @returns the attempts that need not wait, by id
 */
export async function reserveTries(
  tx: Handle,
  tries: readonly PolicedTry[],
  time: number,
): Promise<ReadonlyMap<string, ReservedTry>> {
  const now = double(time);
  const pending = sql`CASE WHEN "FailedTries"."pendingSince" > ${double(time - LEASE_MS)}
    AND "FailedTries"."pendingSince" <= ${double(time + MAX_AHEAD_MS)} THEN "FailedTries"."pending" ELSE 0 END`;
  const rows = inOrder(tries).map(({ id }) => sql`(${id}, 0, ${now}, 0, 1, ${now})`);
  const reserved = await tx.raw.query<{ id: string; failures: number; pendingSince: number }>`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt", "pending", "pendingSince") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "pending" = (${pending}) + 1,
      "pendingSince" = CASE WHEN (${pending}) > 0 THEN "FailedTries"."pendingSince" ELSE ${now} END
    WHERE ${isOpen(time)} AND ((${pending}) = 0 OR ${failuresAt(tries, time)} + (${pending}) < ${by(tries, ({ policy }) => policy.free)})
    RETURNING "id", "failures", "pendingSince"`;
  const policies = new Map(tries.map(({ id, policy }) => [id, policy]));
  return new Map(
    reserved.flatMap((row) => {
      const policy = policies.get(row.id);
      return policy === undefined ? [] : [[row.id, { ...row, policy }]];
    }),
  );
}

/**
 * Counts failures, also of attempts whose lease has expired.
 *
 * @param reserved attempts that have failed
 * @param others further subjects of the failures, which need no reservation
 * @param time milliseconds since 1970
 */
export async function failTries(
  tx: Handle,
  reserved: readonly Pick<ReservedTry, 'id' | 'policy' | 'pendingSince'>[],
  others: readonly PolicedTry[],
  time: number,
): Promise<void> {
  const tries = [...reserved, ...others];
  await tx.raw.execute`${counting(tries, time)}, "pending" = ${pendingWithout(reserved)}`;
}

/**
 * Counts attempts that count as failures from the start, without a reservation.
 *
 * @param time milliseconds since 1970
 * @returns whether no subject had to wait; those that had to are not counted
 */
export async function countAttempts(
  tx: Handle,
  tries: readonly PolicedTry[],
  time: number,
): Promise<boolean> {
  const counted = await tx.raw.query<{ id: string }>`
    ${counting(tries, time)} WHERE ${isOpen(time)} RETURNING "id"`;
  return counted.length === tries.length;
}

/**
 * Refunds reserved attempts. An INSERT is used because an UPDATE would lock the rows in any order; deleted
 * rows are inserted again, without failures.
 *
 * @param time milliseconds since 1970
 */
export async function refundTries(tx: Handle, tries: readonly RefundedTry[], time: number): Promise<void> {
  const rows = inOrder(tries).map(({ id }) => sql`(${id}, 0, ${double(time)}, 0, 0, 0)`);
  const resetOnSuccess = by(tries, (refunded) => refunded.resetOnSuccess);
  const left = sql`CASE WHEN "FailedTries"."failures" > ${resetOnSuccess} THEN "FailedTries"."failures" - ${resetOnSuccess} ELSE 0 END`;
  await tx.raw.execute`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt", "pending", "pendingSince") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "failures" = ${left}, "pending" = ${pendingWithout(tries)}, "nextTryAt" =
      CASE WHEN (${left}) < ${by(tries, ({ policy }) => policy.free)} THEN 0 ELSE "FailedTries"."nextTryAt" END`;
}

/**
 * Reads the delays of subjects with too many failures.
 *
 * @param time milliseconds since 1970
 * @returns milliseconds by id, for the subjects that have to wait
 */
export async function readWaits(
  tx: Handle,
  ids: readonly string[],
  time: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.raw.query<{ id: string; nextTryAt: number }>`
    SELECT "id", "nextTryAt" FROM "FailedTries" WHERE "id" IN (${joinSql([...ids])}) AND NOT (${isOpen(time)})`;
  return new Map(rows.map(({ id, nextTryAt }) => [id, nextTryAt - time]));
}

/** Beginning of a statement that counts one failure per row, and sets a delay when there are too many. */
function counting(tries: readonly PolicedTry[], time: number) {
  const now = double(time);
  const failures = failuresAt(tries, time);
  const beyond = sql`${failures} + 1 - ${by(tries, ({ policy }) => policy.free)}`;
  const doublings = by(tries, ({ policy }) => Math.log2(policy.longestDelay / policy.firstDelay));
  const rows = inOrder(tries).map(({ id }) => sql`(${id}, 1, ${now}, 0, 0, 0)`);
  return sql`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt", "pending", "pendingSince") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "failures" = ${failures} + 1, "countedAt" = ${now}, "nextTryAt" = CASE
      WHEN ${beyond} < 0 THEN 0
      WHEN ${beyond} >= ${doublings} THEN ${now} + ${by(tries, ({ policy }) => policy.longestDelay)}
      ELSE ${now} + ${by(tries, ({ policy }) => policy.firstDelay)} * POWER(2, FLOOR(${beyond})) END`;
}

/** Condition: the delay of a row is over. */
function isOpen(time: number) {
  return sql`("FailedTries"."nextTryAt" <= ${double(time)} OR "FailedTries"."countedAt" > ${double(time + MAX_AHEAD_MS)})`;
}

/**
 * Failures of a row, without the expired ones. When the clock was set back, the time passed counts as zero
 * and not as negative.
 */
function failuresAt(tries: readonly PolicedTry[], time: number) {
  const now = double(time);
  const passed = sql`CASE WHEN "FailedTries"."countedAt" < ${now} THEN ${now} - "FailedTries"."countedAt" ELSE 0 END`;
  const forgotten = sql`(${passed}) * ${by(tries, ({ policy }) => 1 / policy.forgetEvery)}`;
  return sql`(CASE WHEN "FailedTries"."failures" > ${forgotten} THEN "FailedTries"."failures" - ${forgotten} ELSE 0 END)`;
}

/**
 * Pending attempts of a row without the ended one. When its lease has expired, it is no longer among them.
 */
function pendingWithout(tries: readonly Pick<ReservedTry, 'id' | 'pendingSince'>[]) {
  if (tries.length === 0) return sql`"FailedTries"."pending"`;
  return sql`CASE WHEN "FailedTries"."pending" > 0 AND "FailedTries"."pendingSince" = ${by(tries, ({ pendingSince }) => pendingSince)}
    THEN "FailedTries"."pending" - 1 ELSE "FailedTries"."pending" END`;
}

/** Number that depends on the row; NULL for rows without one. */
function by<T extends { readonly id: string }>(tries: readonly T[], value: (counted: T) => number) {
  const cases = tries.map((counted) => sql`WHEN ${counted.id} THEN ${double(value(counted))}`);
  return joinSql(cases, ' ', 'CASE "FailedTries"."id" ', ' END');
}

/** Sorts the rows. All processes lock rows in the same order, else two of them could deadlock. */
function inOrder<T extends { readonly id: string }>(tries: readonly T[]): T[] {
  return [...tries].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Casts a number. Without the cast, Postgres infers its type from the context. */
function double(value: number) {
  return sql`CAST(${value} AS DOUBLE PRECISION)`;
}
