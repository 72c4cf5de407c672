import type { Hmac } from '../crypto/hmac.ts';
import type { Database, Handle } from '../db/client.ts';
import { isUnavailable } from '../db/errors.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { retryConflicts } from '../db/transaction.ts';
import {
  ALL_FAILURES,
  countAttempts,
  failTries,
  type PolicedTry,
  readWaits,
  refundTries,
  reserveTries,
} from './failed-attempts.ts';
import { pruneFailedTries } from './prune-failed-attempts.ts';
import {
  type Clock,
  type Counted,
  end,
  type Reservation,
  readClock,
  tooManyAttempts,
} from './reservation.ts';
import { Verdicts } from './verdicts.ts';

/** Verdicts that wait for the database to come back: those past that are lost. */
const MAX_OWED = 1_000;

/**
 * Counts failed tries in the database, so that all processes share the count and a restart forgets nothing. An attempt is reserved
 * before it is made, so that parallel ones do not outrun the count: beyond what is free, others wait for the verdict. Nobody is refused
 * because of attempts that have not failed. Of what is counted the database sees a keyed hash.
 */
export class Throttle {
  readonly #database: Pick<Database, 'db' | 'now'>;
  readonly #hmac: Hmac;
  /** Verdicts that could not be written yet: the database went away meanwhile. */
  readonly #pendingRefunds = new Set<() => Promise<void>>();
  readonly #verdicts = new Verdicts();

  constructor(database: Pick<Database, 'db' | 'now'>, hmac: Hmac) {
    this.#database = database;
    this.#hmac = hmac;
  }

  /** Reads the database's clock, for an attempt. */
  readClock(): Promise<Clock> {
    return readClock(this.#database);
  }

  /**
   * Reserves an attempt with everything that lets it, and waits for the verdicts before it where nothing does.
   *
   * @param counted the last one is what everybody is counted by: who is refused waits as long as that says
   * @param deadline of `performance.now()`, after which it waits no longer
   * @returns what was reserved, in the order of what is counted; one at least
   * @throws {Problem} `too-many-attempts` when there were too many failures of each; `busy`
   */
  async reserve(
    counted: readonly Counted[],
    deadline: number,
    clock: Clock,
  ): Promise<(Reservation | undefined)[]> {
    const tries = counted.map((one) => this.#toTry(one));
    const reserved = await this.#tryToReserve(tries, clock);
    if (reserved !== undefined) return reserved;
    return this.#verdicts.waitFor(tries.at(-1)?.id ?? '', deadline, () => this.#tryToReserve(tries, clock));
  }

  /**
   * Counts the failure of an attempt.
   *
   * @param counted what else it counts against
   */
  async fail(reservations: readonly (Reservation | undefined)[], counted: readonly Counted[]): Promise<void> {
    const open = end(reservations);
    const [first] = open;
    if (first === undefined) return;
    const others = counted.map((one) => this.#toTry(one));
    await this.#write(open, (db) => failTries(db, open, others, first.clock.now()));
  }

  /** Ends an attempt that succeeded. @param resetOnSuccess failures of each that are forgotten: all of them, unless it says how many */
  async succeed(
    reservations: readonly (Reservation | undefined)[],
    resetOnSuccess: (reservation: Reservation) => number | undefined = () => undefined,
  ): Promise<void> {
    const open = end(reservations).map((one) => ({
      ...one,
      resetOnSuccess: resetOnSuccess(one) ?? ALL_FAILURES,
    }));
    const [first] = open;
    if (first === undefined) return;
    await this.#write(open, (db) => refundTries(db, open, first.clock.now()));
  }

  /** Takes back an attempt that was not made; nothing, where there was a verdict. */
  release(reservations: readonly (Reservation | undefined)[]): Promise<void> {
    return this.succeed(reservations, () => 0);
  }

  /** @throws {Problem} `too-many-attempts` when something has to wait because of failures */
  async requireOpen(counted: readonly Counted[], clock: Clock): Promise<void> {
    const ids = counted.map(({ subject }) => this.hash(subject));
    const waits = await readWaits(this.#database.db, ids, clock.now());
    if (waits.size > 0) throw tooManyAttempts(Math.max(...waits.values()));
  }

  /**
   * Counts what is a failure from the beginning, or the like of one.
   *
   * @param tx inside a transaction: the transaction; without one it is counted by itself
   * @returns whether nothing of it had to wait; nothing is counted where it had to
   */
  async count(counted: readonly Counted[], tx?: Handle): Promise<boolean> {
    const tries = counted.map((one) => this.#toTry(one));
    const { db, now } = this.#database;
    const time = (await now(tx ?? db)).getTime();
    const waits = await readWaits(tx ?? db, idsOf(tries), time);
    if (waits.size > 0) return false;
    if (tx !== undefined) return countAttempts(tx, tries, time);
    return retryConflicts(db.raw, () => countAttempts(db, tries, time));
  }

  /** Writes the verdicts that an outage has left. @throws when the database is still away */
  async flushRefunds(): Promise<void> {
    for (const write of this.#pendingRefunds) {
      await write();
      this.#pendingRefunds.delete(write);
    }
  }

  /** The keyed hash under which something is kept. */
  hash(subject: readonly string[]): string {
    return this.#hmac.sign(JSON.stringify(subject));
  }

  /** Forgets the failures of some of what is counted. */
  async reset(subjects: readonly (readonly string[])[]): Promise<void> {
    const ids = subjects.map((subject) => this.hash(subject));
    await this.#database.db.failedTries.deleteMany({ where: { id: { in: ids } } });
  }

  /** Deletes what was not repeated for a month, and what has no failures. @returns how many rows */
  prune(options: RunOptions = {}): Promise<number> {
    return pruneFailedTries(this.#database, options);
  }

  #toTry({ subject, policy }: Counted): PolicedTry {
    return { id: this.hash(subject), policy };
  }

  /** @returns undefined when there are verdicts to wait for. @throws {Problem} `too-many-attempts` */
  async #tryToReserve(
    tries: readonly PolicedTry[],
    clock: Clock,
  ): Promise<(Reservation | undefined)[] | undefined> {
    const { db } = this.#database;
    const time = clock.now();
    const reserved = await retryConflicts(db.raw, () => reserveTries(db, tries, time));
    if (reserved.size > 0) {
      return tries.map(({ id }) => {
        const row = reserved.get(id);
        return row && { ...row, clock, hasEnded: false };
      });
    }
    const waits = await readWaits(db, idsOf(tries), time);
    const wait = waits.get(tries.at(-1)?.id ?? '');
    if (waits.size === tries.length && wait !== undefined) throw tooManyAttempts(wait);
    return undefined;
  }

  /** Writes a verdict; later, when the database is away. When it was written and could not say so, it is written twice. */
  async #write(tries: readonly PolicedTry[], write: (db: Handle) => Promise<void>): Promise<void> {
    const { db } = this.#database;
    const attempt = () => retryConflicts(db.raw, () => write(db));
    try {
      await attempt();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (this.#pendingRefunds.size < MAX_OWED) this.#pendingRefunds.add(attempt);
    }
    for (const { id } of tries) this.#verdicts.announce(id);
  }
}

function idsOf(tries: readonly PolicedTry[]): string[] {
  return tries.map(({ id }) => id);
}
