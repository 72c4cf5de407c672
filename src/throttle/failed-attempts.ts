import { type Handle, joinSql, sql } from '../db/client.ts';

/** Milliseconds that a row may be ahead of the clock before it counts as of another time: what runs in parallel is not in order. */
const MAX_AHEAD_MS = 60_000;

/**
 * Milliseconds for which attempts under way are counted, from the first of those that overlap: those of a process that
 * was killed get no verdict. Longer than an attempt may wait and hash.
 */
const LEASE_MS = 10_000;

/** More failures than a row ever has. */
export const ALL_FAILURES = 1e9;

/** How many failures are free, and how long each further try waits. */
export interface Policy {
  /** Failures that cost nothing, two or more. */
  readonly free: number;
  /** Milliseconds that the first further try waits; each later one twice as long as the one before. */
  readonly firstDelay: number;
  /** Milliseconds that a try waits at most. */
  readonly longestDelay: number;
  /** Milliseconds in which one failure is forgotten; Infinity where only a success makes them so. */
  readonly forgetEvery: number;
}

/** What is counted, and how it is throttled. */
export interface PolicedTry {
  /** Of its row. */
  readonly id: string;
  readonly policy: Policy;
}

/** An attempt under way, as its row knows it. */
export interface ReservedTry extends PolicedTry {
  /** Failures before it. */
  readonly failures: number;
  /** When the first of those that overlap was reserved: its lease. */
  readonly pendingSince: number;
}

/** An attempt that is over. */
export interface RefundedTry extends PolicedTry {
  readonly pendingSince: number;
  /** Failures that its success forgives. */
  readonly resetOnSuccess: number;
}

/**
 * Reserves attempts before they are made: in one statement, so that of parallel ones no more are under way than would be free if all of
 * them failed, and past that one at a time. A wait that began in the future is over: the clock was set back, and it would last until
 * that time has come.
 *
 * @param time milliseconds since 1970
 * @returns those that need not wait, by id
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
 * Counts failures, also of attempts whose lease is over.
 *
 * @param reserved attempts that have failed
 * @param others what else they count against, that needs no reservation
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
 * Counts what is a failure from the beginning, or the like of one.
 *
 * @param time milliseconds since 1970
 * @returns whether none of them had to wait; what had to is not counted
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
 * Takes back what was reserved. An INSERT, for an UPDATE would lock the rows in whatever order it finds them; those
 * that are gone come back, without failures.
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
 * Reads how long what is counted has to wait because of failures.
 *
 * @param time milliseconds since 1970
 * @returns milliseconds of those that have to, by id
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

/** The beginning of a statement that counts a failure each, and makes those wait that have too many. */
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

/** Whether a row's wait is over. */
function isOpen(time: number) {
  return sql`("FailedTries"."nextTryAt" <= ${double(time)} OR "FailedTries"."countedAt" > ${double(time + MAX_AHEAD_MS)})`;
}

/** A row's failures, without those that are forgotten by now. Where the clock was set back, no time has passed, rather than less than none. */
function failuresAt(tries: readonly PolicedTry[], time: number) {
  const now = double(time);
  const passed = sql`CASE WHEN "FailedTries"."countedAt" < ${now} THEN ${now} - "FailedTries"."countedAt" ELSE 0 END`;
  const forgotten = sql`(${passed}) * ${by(tries, ({ policy }) => 1 / policy.forgetEvery)}`;
  return sql`(CASE WHEN "FailedTries"."failures" > ${forgotten} THEN "FailedTries"."failures" - ${forgotten} ELSE 0 END)`;
}

/** A row's attempts under way without the one that is over, unless its lease has ended: then it is not among them any more. */
function pendingWithout(tries: readonly Pick<ReservedTry, 'id' | 'pendingSince'>[]) {
  if (tries.length === 0) return sql`"FailedTries"."pending"`;
  return sql`CASE WHEN "FailedTries"."pending" > 0 AND "FailedTries"."pendingSince" = ${by(tries, ({ pendingSince }) => pendingSince)}
    THEN "FailedTries"."pending" - 1 ELSE "FailedTries"."pending" END`;
}

/** A number that depends on the row; NULL for rows that have none. */
function by<T extends { readonly id: string }>(tries: readonly T[], value: (counted: T) => number) {
  const cases = tries.map((counted) => sql`WHEN ${counted.id} THEN ${double(value(counted))}`);
  return joinSql(cases, ' ', 'CASE "FailedTries"."id" ', ' END');
}

/** Rows are locked one by one: in the same order by everybody, or two that want the same would wait for each other. */
function inOrder<T extends { readonly id: string }>(tries: readonly T[]): T[] {
  return [...tries].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A number of a statement. Without being told, Postgres takes each of them for what stands beside it. */
function double(value: number) {
  return sql`CAST(${value} AS DOUBLE PRECISION)`;
}
