import type { Hmac } from '../crypto/hmac.ts';
import type { Database, Handle } from '../db/client.ts';
import { isUnavailable } from '../db/errors.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { retryConflicts } from '../db/transaction.ts';
import {
  ALL_FAILURES,
  countAttempts,
  failAttempts,
  type PolicedAttempt,
  readWaits,
  refundAttempts,
  reserveAttempts,
} from './failed-attempts.ts';
import { KEPT, KEPT_PREFIX } from './kept.ts';
import { pruneFailedAttempts } from './prune-failed-attempts.ts';
import {
  type Clock,
  type Counted,
  endReservations,
  type Reservation,
  type Reservations,
  readClock,
  tooManyAttempts,
} from './reservation.ts';
import { VerdictWaiters } from './verdicts.ts';

/** Maximum of verdicts that wait for an unavailable database. Further ones are lost. */
const MAX_PENDING_VERDICTS = 1_000;

/**
 * Counts failed attempts in the database, so that all processes share the count and it survives a restart. An
 * attempt is reserved before it is made, so that parallel attempts cannot exceed the limit: beyond the free
 * ones, attempts wait for the verdicts. Attempts that have not failed never cause a refusal. The database
 * stores only a keyed hash of each subject.
 */
export class Throttle {
  readonly #database: Pick<Database, 'db' | 'now'>;
  readonly #hmac: Hmac;
  /** VerdictWaiters that could not be written because the database was unavailable. */
  readonly #pendingVerdicts = new Set<() => Promise<unknown>>();
  readonly #verdicts = new VerdictWaiters();

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
   * @param counted the subjects; the last one is the counter that all clients share, and a refusal has its
   *   delay
   * @param deadline of `performance.now()`, after which it waits no longer
   * @returns the reservations, in the order of the subjects; at least one
   * @throws {Problem} `too-many-attempts` when every subject has too many failures; `busy`
   */
  async reserve(counted: readonly Counted[], deadline: number, clock: Clock): Promise<Reservations> {
    const attempts = counted.map((one) => this.#toAttempt(one));
    const reserved = await this.#tryReserve(attempts, clock);
    if (reserved !== undefined) return reserved;
    return this.#verdicts.waitFor(attempts.at(-1)?.id ?? '', deadline, () =>
      this.#tryReserve(attempts, clock),
    );
  }

  /**
   * Counts the failure of an attempt.
   *
   * @param counted further subjects of the failure
   * @returns the failures of the first subject, with this one; undefined when it is written later
   */
  async fail(reservations: Reservations, counted: readonly Counted[]): Promise<number | undefined> {
    const open = endReservations(reservations);
    const [first] = open;
    if (first === undefined) return undefined;
    const others = counted.map((one) => this.#toAttempt(one));
    return this.#write(open, (db) => failAttempts(db, open, others, first.clock.now()));
  }

  /** Ends an attempt that succeeded. @param resetOnSuccess number of failures to reset; all by default */
  async succeed(
    reservations: Reservations,
    resetOnSuccess: (reservation: Reservation) => number | undefined = () => undefined,
  ): Promise<void> {
    const open = endReservations(reservations).map((one) => ({
      ...one,
      resetOnSuccess: resetOnSuccess(one) ?? ALL_FAILURES,
    }));
    const [first] = open;
    if (first === undefined) return;
    await this.#write(open, (db) => refundAttempts(db, open, first.clock.now()));
  }

  /** Refunds an attempt that was not made. Does nothing after a verdict. */
  release(reservations: Reservations): Promise<void> {
    return this.succeed(reservations, () => 0);
  }

  /** Checks that no subject is delayed. @throws {Problem} `too-many-attempts` when one is */
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
    const attempts = counted.map((one) => this.#toAttempt(one));
    const { db, now } = this.#database;
    const time = (await now(tx ?? db)).getTime();
    const waits = await readWaits(tx ?? db, idsOf(attempts), time);
    if (waits.size > 0) return false;
    if (tx !== undefined) return countAttempts(tx, attempts, time);
    return retryConflicts(db.raw, () => countAttempts(db, attempts, time));
  }

  /** Writes the verdicts that were kept during an outage. @throws when the database is still unavailable */
  async flushVerdicts(): Promise<void> {
    for (const write of this.#pendingVerdicts) {
      await write();
      this.#pendingVerdicts.delete(write);
    }
  }

  /** Returns the keyed hash of a subject. */
  hash(subject: readonly string[]): string {
    const hash = this.#hmac.sign(JSON.stringify(subject));
    return subject[0] === KEPT ? KEPT_PREFIX + hash : hash;
  }

  /** Resets the failures of some subjects. */
  async reset(subjects: readonly (readonly string[])[]): Promise<void> {
    const ids = subjects.map((subject) => this.hash(subject));
    await this.#database.db.failedTries.deleteMany({ where: { id: { in: ids } } });
  }

  /** Deletes old rows, and rows without failures. @returns the number of rows deleted */
  prune(options: RunOptions = {}): Promise<number> {
    return pruneFailedAttempts(this.#database, options);
  }

  #toAttempt({ subject, policy }: Counted): PolicedAttempt {
    return { id: this.hash(subject), policy };
  }

  /** @returns undefined when there are verdicts to wait for. @throws {Problem} `too-many-attempts` */
  async #tryReserve(attempts: readonly PolicedAttempt[], clock: Clock): Promise<Reservations | undefined> {
    const { db } = this.#database;
    const time = clock.now();
    const reserved = await retryConflicts(db.raw, () => reserveAttempts(db, attempts, time));
    if (reserved.size > 0) {
      return attempts.map(({ id }) => {
        const row = reserved.get(id);
        return row && { ...row, clock, hasEnded: false };
      });
    }
    const waits = await readWaits(db, idsOf(attempts), time);
    const wait = waits.get(attempts.at(-1)?.id ?? '');
    if (waits.size === attempts.length && wait !== undefined) throw tooManyAttempts(wait);
    return undefined;
  }

  /**
   * Writes a verdict, or stores it for later. When a write succeeds without an acknowledgement, it is
   * repeated.
   */
  async #write<T>(
    attempts: readonly PolicedAttempt[],
    write: (db: Handle) => Promise<T>,
  ): Promise<T | undefined> {
    const { db } = this.#database;
    const attempt = () => retryConflicts(db.raw, () => write(db));
    let written: T | undefined;
    try {
      written = await attempt();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (this.#pendingVerdicts.size < MAX_PENDING_VERDICTS) this.#pendingVerdicts.add(attempt);
    }
    for (const { id } of attempts) this.#verdicts.announce(id);
    return written;
  }
}

function idsOf(attempts: readonly PolicedAttempt[]): string[] {
  return attempts.map(({ id }) => id);
}
