import { joinSql, sql } from '../db/client.ts';
import type { DirectDatabase } from '../db/direct.ts';
import { retryConflicts } from '../db/transaction.ts';

/** Milliseconds that a row may be ahead of the clock before it counts as of another time: what runs in parallel is not in order. */
const AHEAD = 60_000;

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

/**
 * Counts tries. One statement, so that of parallel ones exactly as many pass as the policies allow. A wait that began in the future is over:
 * the clock was set back, and it would last until that time has come.
 *
 * @param time milliseconds since 1970
 * @returns the failures before this one, of those that need not wait
 */
export async function countTries(
  direct: DirectDatabase,
  tries: readonly PolicedTry[],
  time: number,
): Promise<ReadonlyMap<string, number>> {
  const now = double(time);
  const by = (value: (policy: Policy) => number) =>
    joinSql(
      tries.map(({ id, policy }) => sql`WHEN "FailedTries"."id" = ${id} THEN ${double(value(policy))}`),
      ' ',
      'CASE ',
      ' END',
    );
  // Where the clock was set back, no time has passed, rather than less than none.
  const passed = sql`CASE WHEN "FailedTries"."countedAt" < ${now} THEN ${now} - "FailedTries"."countedAt" ELSE 0 END`;
  const forgotten = sql`(${passed}) * ${by(({ forgetEvery }) => 1 / forgetEvery)}`;
  const before = sql`CASE WHEN "FailedTries"."failures" > ${forgotten} THEN "FailedTries"."failures" - ${forgotten} ELSE 0 END`;
  const beyond = sql`(${before}) + 1 - ${by(({ free }) => free)}`;
  const rows = inOrder(tries).map(({ id }) => sql`(${id}, 1, ${now}, 0)`);
  const taken = await retryConflicts(
    direct,
    () => direct.$queryRaw<{ id: string; failures: number }>`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "failures" = (${before}) + 1, "countedAt" = ${now}, "nextTryAt" = CASE
      WHEN ${beyond} < 0 THEN 0
      WHEN ${beyond} >= ${by(({ longestDelay, firstDelay }) => Math.log2(longestDelay / firstDelay))}
        THEN ${now} + ${by(({ longestDelay }) => longestDelay)}
      ELSE ${now} + ${by(({ firstDelay }) => firstDelay)} * POWER(2, FLOOR(${beyond})) END
    WHERE "FailedTries"."nextTryAt" <= ${now} OR "FailedTries"."countedAt" > ${double(time + AHEAD)}
    RETURNING "id", "failures"`,
  );
  return new Map(taken.map(({ id, failures }) => [id, failures - 1]));
}

/**
 * Takes failures back, and the waits that followed. An INSERT, for an UPDATE would lock the rows in whatever order it finds them; those
 * that are gone come back, without failures.
 *
 * @param time milliseconds since 1970, when they were counted
 * @param forgiven ids of those that begin anew
 */
export async function giveBackTries(
  direct: DirectDatabase,
  tries: readonly PolicedTry[],
  time: number,
  forgiven: readonly string[] = [],
): Promise<void> {
  if (tries.length === 0) return;
  const rows = inOrder(tries).map(({ id }) => sql`(${id}, 0, ${double(time)}, 0)`);
  const isForgiven =
    forgiven.length > 0 ? sql`"FailedTries"."id" IN (${joinSql([...forgiven])})` : sql`1 = 0`;
  await retryConflicts(
    direct,
    () => direct.$executeRaw`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt") VALUES ${joinSql(rows)}
    ON CONFLICT ("id") DO UPDATE SET "nextTryAt" = 0, "failures" = CASE
      WHEN "FailedTries"."failures" < 1 OR ${isForgiven} THEN 0 ELSE "FailedTries"."failures" - 1 END`,
  );
}

/** Rows are locked one by one: in the same order by everybody, or two that want the same would wait for each other. */
function inOrder(tries: readonly PolicedTry[]): PolicedTry[] {
  return [...tries].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A number of a statement. Without being told, Postgres takes each of them for what stands beside it. */
function double(value: number) {
  return sql`CAST(${value} AS DOUBLE PRECISION)`;
}
