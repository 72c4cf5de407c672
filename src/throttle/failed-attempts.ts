import { type Handle, joinSql, sql } from '../db/client.ts';

/** Maximum lead of a row over the clock, because attempts are parallel. Beyond it, the clock was set back. */
const MAX_AHEAD_MS = 60_000;

/** Lease of pending attempts: those of a killed process get no verdict. Longer than an attempt takes. */
const LEASE_MS = 10_000;

/** Number above the failures of any row. */
export const ALL_FAILURES = 1e9;

/** Number of free failures, and the delay after each further one. */
export interface Policy {
  /** Failures without a delay, two or more. */
  readonly free: number;
  /** Milliseconds of the first delay. Each later one is twice as long. */
  readonly firstDelayMs: number;
  /** Maximum delay in milliseconds. */
  readonly maxDelayMs: number;
  /** Milliseconds after which one failure expires; Infinity when only a success resets it. */
  readonly expiryMs: number;
}

/** Counted subject with its policy. */
export interface PolicedAttempt {
  /** Id of its row. */
  readonly id: string;
  readonly policy: Policy;
}

/** Attempt under way, with the values of its row. */
export interface ReservedAttempt extends PolicedAttempt {
  /** Failures before this attempt. */
  readonly failures: number;
  /** Begin of the lease: when the first of the overlapping attempts was reserved. */
  readonly pendingSince: number;
}

/** Attempt that has succeeded, or was not made. */
export interface RefundedAttempt extends PolicedAttempt {
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
export async function reserveAttempts(
  tx: Handle,
  attempts: readonly PolicedAttempt[],
  time: number,
): Promise<ReadonlyMap<string, ReservedAttempt>> {
  const now = double(time);
  const pending = sql`CASE WHEN "FailedTries"."pendingSince" > ${double(time - LEASE_MS)}
    AND "FailedTries"."pendingSince" <= ${double(time + MAX_AHEAD_MS)} THEN "FailedTries"."pending" ELSE 0 END`;
  const rows = sortById(attempts).map(({ id }) => sql`(${id}, 0, ${now}, 0, 1, ${now})`);
  const reserved = await tx.raw.query<{ id: string; failures: number; pendingSince: number }>`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt", "pending", "pendingSince") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "pending" = (${pending}) + 1,
      "pendingSince" = CASE WHEN (${pending}) > 0 THEN "FailedTries"."pendingSince" ELSE ${now} END
    WHERE ${isDelayOver(time)} AND ((${pending}) = 0 OR ${failuresAt(attempts, time)} + (${pending}) < ${perRow(attempts, ({ policy }) => policy.free)})
    RETURNING "id", "failures", "pendingSince"`;
  const policies = new Map(attempts.map(({ id, policy }) => [id, policy]));
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
 * @returns the failures of the first subject with this one
 */
export async function failAttempts(
  tx: Handle,
  reserved: readonly Pick<ReservedAttempt, 'id' | 'policy' | 'pendingSince'>[],
  others: readonly PolicedAttempt[],
  time: number,
): Promise<number | undefined> {
  const attempts = [...reserved, ...others];
  const rows = await tx.raw.query<{ id: string; failures: number }>`
    ${countFailures(attempts, time)}, "pending" = ${pendingWithout(reserved)} RETURNING "id", "failures"`;
  return rows.find(({ id }) => id === attempts[0]?.id)?.failures;
}

/**
 * Counts attempts that count as failures from the start, without a reservation.
 *
 * @param time milliseconds since 1970
 * @returns whether no subject had to wait; those that had to are not counted
 */
export async function countAttempts(
  tx: Handle,
  attempts: readonly PolicedAttempt[],
  time: number,
): Promise<boolean> {
  const counted = await tx.raw.query<{ id: string }>`
    ${countFailures(attempts, time)} WHERE ${isDelayOver(time)} RETURNING "id"`;
  return counted.length === attempts.length;
}

/**
 * Refunds reserved attempts. An INSERT is used because an UPDATE would lock the rows in any order; deleted
 * rows are inserted again, without failures.
 *
 * @param time milliseconds since 1970
 */
export async function refundAttempts(
  tx: Handle,
  attempts: readonly RefundedAttempt[],
  time: number,
): Promise<void> {
  const rows = sortById(attempts).map(({ id }) => sql`(${id}, 0, ${double(time)}, 0, 0, 0)`);
  const resetOnSuccess = perRow(attempts, (refunded) => refunded.resetOnSuccess);
  const left = sql`CASE WHEN "FailedTries"."failures" > ${resetOnSuccess} THEN "FailedTries"."failures" - ${resetOnSuccess} ELSE 0 END`;
  await tx.raw.execute`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt", "pending", "pendingSince") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "failures" = ${left}, "pending" = ${pendingWithout(attempts)}, "nextTryAt" =
      CASE WHEN (${left}) < ${perRow(attempts, ({ policy }) => policy.free)} THEN 0 ELSE "FailedTries"."nextTryAt" END`;
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
    SELECT "id", "nextTryAt" FROM "FailedTries" WHERE "id" IN (${joinSql([...ids])}) AND NOT (${isDelayOver(time)})`;
  return new Map(rows.map(({ id, nextTryAt }) => [id, nextTryAt - time]));
}

/** Beginning of a statement that counts one failure per row, and sets a delay after too many. */
function countFailures(attempts: readonly PolicedAttempt[], time: number) {
  const now = double(time);
  const failures = failuresAt(attempts, time);
  const beyond = sql`${failures} + 1 - ${perRow(attempts, ({ policy }) => policy.free)}`;
  const doublings = perRow(attempts, ({ policy }) => Math.log2(policy.maxDelayMs / policy.firstDelayMs));
  const rows = sortById(attempts).map(({ id }) => sql`(${id}, 1, ${now}, 0, 0, 0)`);
  return sql`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt", "pending", "pendingSince") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "failures" = ${failures} + 1, "countedAt" = ${now}, "nextTryAt" = CASE
      WHEN ${beyond} < 0 THEN 0
      WHEN ${beyond} >= ${doublings} THEN ${now} + ${perRow(attempts, ({ policy }) => policy.maxDelayMs)}
      ELSE ${now} + ${perRow(attempts, ({ policy }) => policy.firstDelayMs)} * POWER(2, FLOOR(${beyond})) END`;
}

/** Condition: the delay of a row is over. */
function isDelayOver(time: number) {
  return sql`("FailedTries"."nextTryAt" <= ${double(time)} OR "FailedTries"."countedAt" > ${double(time + MAX_AHEAD_MS)})`;
}

/** Failures of a row, without the expired ones. After the clock was set back, no time has passed. */
function failuresAt(attempts: readonly PolicedAttempt[], time: number) {
  const now = double(time);
  const passed = sql`CASE WHEN "FailedTries"."countedAt" < ${now} THEN ${now} - "FailedTries"."countedAt" ELSE 0 END`;
  const expired = sql`(${passed}) * ${perRow(attempts, ({ policy }) => 1 / policy.expiryMs)}`;
  return sql`(CASE WHEN "FailedTries"."failures" > ${expired} THEN "FailedTries"."failures" - ${expired} ELSE 0 END)`;
}

/** Pending attempts of a row without the ended one, which is no longer among them after its lease. */
function pendingWithout(attempts: readonly Pick<ReservedAttempt, 'id' | 'pendingSince'>[]) {
  if (attempts.length === 0) return sql`"FailedTries"."pending"`;
  return sql`CASE WHEN "FailedTries"."pending" > 0 AND "FailedTries"."pendingSince" = ${perRow(attempts, ({ pendingSince }) => pendingSince)}
    THEN "FailedTries"."pending" - 1 ELSE "FailedTries"."pending" END`;
}

/** Number that depends on the row; NULL for rows without one. */
function perRow<T extends { readonly id: string }>(attempts: readonly T[], value: (counted: T) => number) {
  const cases = attempts.map((counted) => sql`WHEN ${counted.id} THEN ${double(value(counted))}`);
  return joinSql(cases, ' ', 'CASE "FailedTries"."id" ', ' END');
}

/** Sorts by id: rows that are locked in different orders could deadlock. */
function sortById<T extends { readonly id: string }>(attempts: readonly T[]): T[] {
  return [...attempts].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Casts a number. Without the cast, Postgres infers its type from the context. */
function double(value: number) {
  return sql`CAST(${value} AS DOUBLE PRECISION)`;
}
