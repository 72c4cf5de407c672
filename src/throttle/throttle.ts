import { type Database, joinSql, sql } from '../db/client.ts';
import { isUnavailable } from '../db/errors.ts';
import { prune } from '../db/prune.ts';
import { Problem } from '../problems/problem.ts';
import type { Sealer } from '../tokens/secrets.ts';

const SECOND = 1_000;

/** Milliseconds after which failures that nobody repeated are forgotten. */
const MEMORY = 30 * 86_400 * SECOND;

/** Milliseconds for which is kept what has no failures: who comes again soon finds a row. */
const SHORTEST_MEMORY = 3_600 * SECOND;

/** Milliseconds that a row may be ahead of the clock before it counts as of another time: what runs in parallel is not in order. */
const AHEAD = 60 * SECOND;

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
  /** When it was counted, by the database's clock. */
  readonly time: Date;
  /**
   * Takes the failure back, and the wait that followed from it; later, when the database is away.
   *
   * @param forgiven of what is counted, what begins anew
   */
  giveBack(forgiven?: readonly (readonly string[])[]): Promise<void>;
}

/**
 * Counts failed tries in the database, so that all processes share the count and a restart forgets nothing. A try counts as
 * failed before it is made, so that parallel tries do not outrun the count. Of what is counted the database sees a keyed hash.
 */
export class Throttle {
  readonly #database: Pick<Database, 'db' | 'direct' | 'now'>;
  readonly #sealer: Sealer;
  /** What could not be given back yet: the database went away while it was tried. */
  readonly #owed = new Set<() => Promise<void>>();

  constructor(database: Pick<Database, 'db' | 'direct' | 'now'>, sealer: Sealer) {
    this.#database = database;
    this.#sealer = sealer;
  }

  /**
   * Counts a try against everything that it is counted by.
   *
   * @throws {Problem} `too-many-tries` when one of them has to wait; nothing is counted then
   */
  async reserve(counted: readonly Counted[]): Promise<Reservation> {
    const { direct, now } = this.#database;
    const date = await now(direct);
    const time = date.getTime();
    const tries = counted.map(({ subject, policy }) => ({ id: this.hash(subject), policy }));
    const before = await this.#take(tries, time);
    const taken = tries.filter(({ id }) => before.has(id));
    const refused = tries.find(({ id }) => !before.has(id));
    if (refused !== undefined) {
      await this.#giveBack(taken);
      throw await this.#tooManyTries(refused.id, time);
    }
    return {
      failures: tries.map(({ id }) => before.get(id) ?? 0),
      time: date,
      giveBack: (succeeded = []) => {
        const forgiven = succeeded.map((subject) => this.hash(subject));
        return this.#owe(() => this.#giveBack(taken, forgiven));
      },
    };
  }

  /** Gives back what an outage has left: it was nobody's failure. @throws when the database is still away */
  async settle(): Promise<void> {
    for (const giveBack of this.#owed) {
      await giveBack();
      this.#owed.delete(giveBack);
    }
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

  /** Deletes what was not repeated for a month, and what was given back. @returns how many rows */
  async prune(): Promise<number> {
    const { db, now } = this.#database;
    const time = (await now(db)).getTime();
    const where = {
      OR: [{ countedAt: { lt: time - MEMORY } }, { failures: 0, countedAt: { lt: time - SHORTEST_MEMORY } }],
    };
    return prune(
      (take) => db.failedTries.findMany({ where, take, select: { id: true } }),
      (ids) => db.failedTries.deleteMany({ where: { AND: [where, { id: { in: ids } }] } }),
    );
  }

  /** When the database has done it and could not say so, one failure too many is given back. */
  async #owe(giveBack: () => Promise<void>): Promise<void> {
    try {
      await giveBack();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#owed.add(giveBack);
    }
  }

  /**
   * One statement, so that of parallel tries exactly as many pass as the policies allow. A wait that began in the future is over:
   * the clock was set back, and it would last until that time has come.
   *
   * @returns the failures before this one, of those that need not wait
   */
  async #take(tries: readonly PolicedTry[], time: number): Promise<ReadonlyMap<string, number>> {
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
    const rows = joinSql(tries.map(({ id }) => sql`(${id}, 1, ${now}, 0)`));
    const taken = await this.#database.direct.$queryRaw<{ id: string; failures: number }>`
      INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt") VALUES ${rows}
      ON CONFLICT ("id") DO UPDATE SET "failures" = (${before}) + 1, "countedAt" = ${now}, "nextTryAt" = CASE
        WHEN ${beyond} < 0 THEN 0
        WHEN ${beyond} >= ${by(({ longestDelay, firstDelay }) => Math.log2(longestDelay / firstDelay))}
          THEN ${now} + ${by(({ longestDelay }) => longestDelay)}
        ELSE ${now} + ${by(({ firstDelay }) => firstDelay)} * POWER(2, FLOOR(${beyond})) END
      WHERE "FailedTries"."nextTryAt" <= ${now} OR "FailedTries"."countedAt" > ${double(time + AHEAD)}
      RETURNING "id", "failures"`;
    return new Map(taken.map(({ id, failures }) => [id, failures - 1]));
  }

  async #giveBack(tries: readonly PolicedTry[], forgiven: readonly string[] = []): Promise<void> {
    if (tries.length === 0) return;
    const ids = joinSql(tries.map(({ id }) => sql`${id}`));
    const isForgiven = forgiven.length > 0 ? sql`"id" IN (${joinSql([...forgiven])})` : sql`1 = 0`;
    await this.#database.direct.$executeRaw`
      UPDATE "FailedTries" SET "nextTryAt" = 0,
        "failures" = CASE WHEN "failures" < 1 OR ${isForgiven} THEN 0 ELSE "failures" - 1 END
      WHERE "id" IN (${ids})`;
  }

  async #tooManyTries(id: string, time: number): Promise<Problem> {
    const row = await this.#database.db.failedTries.findUnique({ where: { id } });
    const seconds = Math.max(1, Math.ceil(((row?.nextTryAt ?? time) - time) / SECOND));
    return new Problem('too-many-tries', { headers: { 'retry-after': String(seconds) } });
  }
}

interface PolicedTry {
  readonly id: string;
  readonly policy: Policy;
}

/** A number of a statement. Without being told, Postgres takes each of them for what stands beside it. */
function double(value: number) {
  return sql`CAST(${value} AS DOUBLE PRECISION)`;
}
