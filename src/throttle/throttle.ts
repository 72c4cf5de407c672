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

/** Maximum of verdicts that wait until the database is available again. Further ones are lost. */
const MAX_OWED = 1_000;

/**
 * Counts failed attempts in the database, so that all processes share the count and it survives a restart. An
 * attempt is reserved before it is made, so that parallel attempts cannot exceed the limit: beyond the free
 * ones, attempts wait for the verdicts. Attempts that have not failed never cause a refusal. The database
 * stores only a keyed hash of each subject.
 */
export class Throttle {
  readonly #database: Pick<Database, 'db' | 'now'>;
  readonly #hmac: Hmac;
  /** Verdicts that could not be written because the database was unavailable. */
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
   * Reserves an attempt for each subject that allows it. When none does, waits for earlier verdicts.
   *
   * @param counted the subjects; the last one applies to all clients, and its delay is the one of a refusal
   * @param deadline of `performance.now()`, after which it waits no longer
   * @returns the reservations, in the order of the subjects; at least one
   * @throws {Problem} `too-many-attempts` when every subject has too many failures; `busy`
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
   * @param counted further subjects of the failure
   */
  async fail(reservations: readonly (Reservation | undefined)[], counted: readonly Counted[]): Promise<void> {
    const open = end(reservations);
    const [first] = open;
    if (first === undefined) return;
    const others = counted.map((one) => this.#toTry(one));
    await this.#write(open, (db) => failTries(db, open, others, first.clock.now()));
  }

  /**
   * Ends an attempt that succeeded.
   *
   * @param resetOnSuccess number of failures to reset per subject; all by default
   */
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

  /** Refunds an attempt that was not made. Does nothing when there was a verdict. */
  release(reservations: readonly (Reservation | undefined)[]): Promise<void> {
    return this.succeed(reservations, () => 0);
  }

  /**
   * Checks that no subject is delayed.
   *
   * @throws {Problem} `too-many-attempts` when one is
   */
  async requireOpen(counted: readonly Counted[], clock: Clock): Promise<void> {
    const ids = counted.map(({ subject }) => this.hash(subject));
    const waits = await readWaits(this.#database.db, ids, clock.now());
    if (waits.size > 0) throw tooManyAttempts(Math.max(...waits.values()));
  }

  /**
   * Counts an attempt that counts as a failure from the start.
   *
   * @param tx the transaction, inside one; without it, the count is a statement of its own
   * @returns whether no subject had to wait; otherwise nothing is counted
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

  /** Writes the verdicts that an outage has left. @throws when the database is still unavailable */
  async flushRefunds(): Promise<void> {
    for (const write of this.#pendingRefunds) {
      await write();
      this.#pendingRefunds.delete(write);
    }
  }

  /** Returns the keyed hash of a subject. */
  hash(subject: readonly string[]): string {
    return this.#hmac.sign(JSON.stringify(subject));
  }

  /** Resets the failures of some subjects. */
  async reset(subjects: readonly (readonly string[])[]): Promise<void> {
    const ids = subjects.map((subject) => this.hash(subject));
    await this.#database.db.failedTries.deleteMany({ where: { id: { in: ids } } });
  }

  /**
   * Deletes rows without an attempt for a month, and rows without failures. @returns the number of rows
   * deleted
   */
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

  /**
   * Writes a verdict, or stores it for later when the database is unavailable. When a write succeeds without
   * an acknowledgement, it is repeated.
   */
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
