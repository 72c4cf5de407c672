import type { Database } from '../db/client.ts';
import { prune } from '../db/prune.ts';
import { Problem } from '../problems/problem.ts';
import type { Sealer } from '../tokens/secrets.ts';

const SECOND = 1_000;

/** Milliseconds after which failures that nobody repeated are forgotten. */
const MEMORY = 30 * 86_400 * SECOND;

/** How many failures are free, and how long each further try waits. */
export interface Policy {
  /** Failures that cost nothing. */
  readonly free: number;
  /** Milliseconds that the first further try waits; each later one twice as long as the one before. */
  readonly firstDelay: number;
  /** Milliseconds that a try waits at most. */
  readonly longestDelay: number;
}

/** Something that is counted: what it is, in words that name it once and for all, and how it is throttled. */
export interface Counted {
  readonly subject: readonly string[];
  readonly policy: Policy;
}

/** A try that was counted as a failure before it was made. */
export interface Reservation {
  /** Failures in a row before this try, the most of those counted. */
  readonly failures: number;
  /** Takes the failure back: the try succeeded. */
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
    const taken: string[] = [];
    let failures = 0;
    for (const { subject, policy } of counted) {
      const id = this.hash(subject);
      try {
        failures = Math.max(failures, await this.#take(id, policy));
      } catch (error) {
        await this.#giveBack(taken);
        throw error;
      }
      taken.push(id);
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
    const where = { nextTryAt: { lt: new Date((await now(db)).getTime() - MEMORY) } };
    return prune(
      (take) => db.failedTries.findMany({ where, take, select: { id: true } }),
      (ids) => db.failedTries.deleteMany({ where: { ...where, id: { in: ids } } }),
    );
  }

  /**
   * Each statement is atomic by itself: of parallel tries, exactly as many pass as the policy allows.
   *
   * @returns the failures before this one
   */
  async #take(id: string, policy: Policy): Promise<number> {
    const { db, now } = this.#database;
    const time = await now(db);
    const { count } = await db.failedTries.updateMany({
      where: { id, failures: { lt: policy.free - 1 } },
      data: { failures: { increment: 1 } },
    });
    if (count === 1) return 0;
    const row = await db.failedTries.findUnique({ where: { id } });
    if (row === null) {
      // With something to update, Prisma makes one statement of it: INSERT ... ON CONFLICT. Without, two that race.
      await db.failedTries.upsert({
        where: { id },
        create: { id, failures: 0, nextTryAt: time },
        update: { failures: { increment: 0 } },
      });
      return this.#take(id, policy);
    }
    if (row.nextTryAt > time) throw tooManyTries(row.nextTryAt.getTime() - time.getTime());
    const failures = row.failures + 1;
    const nextTryAt = new Date(time.getTime() + delayAfter(failures, policy));
    const taken = await db.failedTries.updateMany({
      where: { id, failures: row.failures, nextTryAt: row.nextTryAt },
      data: { failures, nextTryAt },
    });
    if (taken.count === 0) throw tooManyTries(policy.firstDelay);
    return row.failures;
  }

  async #giveBack(ids: readonly string[]): Promise<void> {
    await this.#database.db.failedTries.updateMany({
      where: { id: { in: [...ids] }, failures: { gt: 0 } },
      data: { failures: { decrement: 1 } },
    });
  }
}

/** Milliseconds that the next try waits after so many failures. */
function delayAfter(failures: number, { free, firstDelay, longestDelay }: Policy): number {
  if (failures < free) return 0;
  return Math.min(firstDelay * 2 ** Math.min(failures - free, 30), longestDelay);
}

function tooManyTries(milliseconds: number): Problem {
  const seconds = Math.max(1, Math.ceil(milliseconds / SECOND));
  return new Problem('too-many-tries', { headers: { 'retry-after': String(seconds) } });
}
