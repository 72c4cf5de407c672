import { type Database, sql } from '../db/client.ts';
import { prune } from '../db/prune.ts';
import { Problem } from '../problems/problem.ts';
import type { Sealer } from '../tokens/secrets.ts';

const SECOND = 1_000;

/** Milliseconds after which failures that nobody repeated are forgotten. */
const MEMORY = 30 * 86_400 * SECOND;

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

/** Something that is counted: what it is, in words that name it once and for all, and how it is throttled. */
export interface Counted {
  readonly subject: readonly string[];
  readonly policy: Policy;
}

/** A try that was counted as a failure before it was made. */
export interface Reservation {
  /** Failures of each of those that are counted, in their order, without this try. */
  readonly failures: readonly number[];
  /** Takes the failure back, and the wait that followed from it. */
  giveBack(): Promise<void>;
}

/**
 * Counts failed tries in the database, so that all processes share the count and a restart forgets nothing. A try counts as
 * failed before it is made, so that parallel tries do not outrun the count. Of what is counted the database sees a keyed hash.
 */
export class Throttle {
  readonly #database: Pick<Database, 'db' | 'now'>;
  readonly #sealer: Sealer;

  constructor(database: Pick<Database, 'db' | 'now'>, sealer: Sealer) {
    this.#database = database;
    this.#sealer = sealer;
  }

  /**
   * Counts a try against everything that it is counted by.
   *
   * @throws {Problem} `too-many-tries` when one of them has to wait; nothing is counted then
   */
  async reserve(counted: readonly Counted[]): Promise<Reservation> {
    const { db, now } = this.#database;
    const time = (await now(db)).getTime();
    const taken: string[] = [];
    const failures: number[] = [];
    for (const { subject, policy } of counted) {
      const id = this.hash(subject);
      const before = await this.#take(id, policy, time);
      if (before === undefined) {
        await this.#giveBack(taken);
        throw await this.#tooManyTries(id, time);
      }
      taken.push(id);
      failures.push(before);
    }
    return { failures, giveBack: () => this.#giveBack(taken) };
  }

  /** The keyed hash under which something is kept. */
  hash(subject: readonly string[]): string {
    return this.#sealer.seal(JSON.stringify(subject));
  }

  /** Forgets the failures of something. */
  async reset(subject: readonly string[]): Promise<void> {
    await this.#database.db.failedTries.deleteMany({
      where: { id: this.hash(subject) },
    });
  }

  /** Deletes what was not repeated for a month. @returns how many rows */
  async prune(): Promise<number> {
    const { db, now } = this.#database;
    const where = { countedAt: { lt: (await now(db)).getTime() - MEMORY } };
    return prune(
      (take) => db.failedTries.findMany({ where, take, select: { id: true } }),
      (ids) => db.failedTries.deleteMany({ where: { ...where, id: { in: ids } } }),
    );
  }

  /**
   * One statement, so that of parallel tries exactly as many pass as the policy allows.
   *
   * @returns the failures before this one; undefined when it has to wait
   */
  async #take(id: string, policy: Policy, time: number): Promise<number | undefined> {
    const { free, firstDelay, longestDelay, forgetEvery } = policy;
    const now = double(time);
    const forgotten = sql`(${now} - "FailedTries"."countedAt") / ${double(Math.min(forgetEvery, Number.MAX_VALUE))}`;
    const before = sql`CASE WHEN "FailedTries"."failures" > ${forgotten} THEN "FailedTries"."failures" - ${forgotten} ELSE 0 END`;
    const beyond = sql`(${before}) + 1 - ${double(free)}`;
    const doublings = Math.ceil(Math.log2(longestDelay / firstDelay));
    const rows = await this.#database.db.$queryRaw<{ failures: number }[]>`
      INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt") VALUES (${id}, 1, ${now}, 0)
      ON CONFLICT ("id") DO UPDATE SET "failures" = (${before}) + 1, "countedAt" = ${now}, "nextTryAt" = CASE
        WHEN ${beyond} < 0 THEN 0
        WHEN ${beyond} >= ${double(doublings)} THEN ${double(time + longestDelay)}
        ELSE ${now} + ${double(firstDelay)} * POWER(2, FLOOR(${beyond})) END
      WHERE "FailedTries"."nextTryAt" <= ${now}
      RETURNING "failures"`;
    const [row] = rows;
    return row && row.failures - 1;
  }

  async #giveBack(ids: readonly string[]): Promise<void> {
    await this.#database.db.failedTries.updateMany({
      where: { id: { in: [...ids] }, failures: { gte: 1 } },
      data: { failures: { decrement: 1 }, nextTryAt: 0 },
    });
  }

  async #tooManyTries(id: string, time: number): Promise<Problem> {
    const row = await this.#database.db.failedTries.findUnique({ where: { id } });
    const seconds = Math.max(1, Math.ceil(((row?.nextTryAt ?? time) - time) / SECOND));
    return new Problem('too-many-tries', { headers: { 'retry-after': String(seconds) } });
  }
}

/** A number of a statement. Without being told, Postgres takes each of them for what stands beside it. */
function double(value: number) {
  return sql`CAST(${value} AS DOUBLE PRECISION)`;
}
