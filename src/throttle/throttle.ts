import type { RunOptions } from '../db/batches.ts';
import type { Database } from '../db/client.ts';
import { isUnavailable } from '../db/errors.ts';
import { prune } from '../db/prune.ts';
import { Problem } from '../problems/problem.ts';
import type { Sealer } from '../tokens/secrets.ts';
import { countTries, giveBackTries, type Policy } from './failed-tries.ts';

const SECOND = 1_000;

/** Milliseconds after which failures that nobody repeated are forgotten. */
const MEMORY = 30 * 86_400 * SECOND;

/** Milliseconds for which is kept what has no failures: who comes again soon finds a row. */
const SHORTEST_MEMORY = 3_600 * SECOND;

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
    const before = await countTries(direct, tries, time);
    const taken = tries.filter(({ id }) => before.has(id));
    const refused = tries.find(({ id }) => !before.has(id));
    if (refused !== undefined) {
      await this.#owe(() => giveBackTries(direct, taken, time));
      throw await this.#tooManyTries(refused.id, time);
    }
    return {
      failures: tries.map(({ id }) => before.get(id) ?? 0),
      time: date,
      giveBack: (succeeded = []) => {
        const forgiven = succeeded.map((subject) => this.hash(subject));
        return this.#owe(() => giveBackTries(direct, taken, time, forgiven));
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

  /** Forgets the failures of some of what is counted. */
  async reset(subjects: readonly (readonly string[])[]): Promise<void> {
    const ids = subjects.map((subject) => this.hash(subject));
    await this.#database.db.failedTries.deleteMany({ where: { id: { in: ids } } });
  }

  /** Deletes what was not repeated for a month, and what was given back. @returns how many rows */
  async prune(options: RunOptions = {}): Promise<number> {
    const { db, now } = this.#database;
    const time = (await now(db)).getTime();
    // One after the other: each is on an index of its own, of which it reads no more than it deletes.
    const old = { countedAt: { lt: time - MEMORY } };
    const none = { failures: 0, countedAt: { lt: time - SHORTEST_MEMORY } };
    const pruned = await prune(
      (take) =>
        db.failedTries.findMany({ where: old, orderBy: { countedAt: 'asc' }, take, select: { id: true } }),
      (ids) => db.failedTries.deleteMany({ where: { ...old, id: { in: ids } } }),
      options,
    );
    return (
      pruned +
      (await prune(
        // Written by hand: Prisma sends the 0 as a value, by which SQLite does not recognise the index.
        (take) => db.$queryRaw<{ id: string }[]>`
          SELECT "id" FROM "FailedTries" WHERE "failures" = 0 AND "countedAt" < ${none.countedAt.lt} ORDER BY "countedAt" LIMIT ${take}`,
        (ids) => db.failedTries.deleteMany({ where: { ...none, id: { in: ids } } }),
        options,
      ))
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

  async #tooManyTries(id: string, time: number): Promise<Problem> {
    const row = await this.#database.db.failedTries.findUnique({ where: { id } });
    const seconds = Math.max(1, Math.ceil(((row?.nextTryAt ?? time) - time) / SECOND));
    return new Problem('too-many-tries', { headers: { 'retry-after': String(seconds) } });
  }
}
