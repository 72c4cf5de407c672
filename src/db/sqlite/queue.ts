import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import { isBusy } from './errors.ts';
import { EventLoopTurns } from './event-loop-turns.ts';

/** Time that a statement waits while another process has the database locked. */
const BUSY_TIMEOUT_MS = 5_000;

/** Pause between two attempts to take the lock; the thread is free meanwhile. */
const BUSY_RETRY_MS = 10;

export interface JobOptions {
  /** True for a transaction: the queue stays held afterwards, until it is released. */
  readonly holds?: boolean;
  /**
   * Tells whether the job only reads, so that it need not wait for a blocked writer. Called only in that
   * case.
   */
  readonly isRead?: () => boolean;
}

interface Job {
  readonly attempt: () => void;
  readonly reject: (error: unknown) => void;
  readonly holds: boolean;
  readonly isRead: () => boolean;
  /** Value of performance.now() when the job was added. */
  readonly since: number;
}

/**
 * Queue for the one connection, first in, first out. While another process holds the write lock, the first
 * job is retried on behalf of all, and jobs that only read go ahead: in WAL mode, a writer does not block
 * readers.
 */
export class Queue {
  readonly turns = new EventLoopTurns();
  readonly #jobs: Job[] = [];
  /** Jobs that only read, while the first of the others waits for the lock. */
  readonly #reads: Job[] = [];
  #isHeld = false;
  /**
   * Value of performance.now() at the first failed attempt to take the lock; undefined while no job waits for
   * it.
   */
  #lockedSince: number | undefined;
  /** True while the first job waits for its next attempt to take the lock. */
  #isBackingOff = false;
  #waitsForTurn = false;

  /** Adds work to the queue. The work must be synchronous. */
  run<T>(work: () => T, { holds = false, isRead = never }: JobOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const job: Job = {
        attempt: () => resolve(work()),
        reject,
        holds,
        isRead,
        since: performance.now(),
      };
      this.#listFor(job).push(job);
      this.#advance();
    });
  }

  /** Releases the queue after a job that held it. */
  release(): void {
    this.#isHeld = false;
    this.#advance();
  }

  #listFor(job: Job): Job[] {
    return this.#isBackingOff && job.isRead() ? this.#reads : this.#jobs;
  }

  #advance(): void {
    while (!this.#isHeld && !this.#waitsForTurn) {
      if (this.#reads.length === 0 && (this.#isBackingOff || this.#jobs.length === 0)) return;
      if (this.turns.isDue()) this.#waitForTurn();
      else this.#attemptNext();
    }
  }

  #waitForTurn(): void {
    this.#waitsForTurn = true;
    void this.turns.next().then(() => {
      this.#waitsForTurn = false;
      this.#advance();
    });
  }

  #attemptNext(): void {
    const read = this.#reads.shift();
    const job = read ?? this.#jobs.shift();
    if (job === undefined) return;
    try {
      job.attempt();
      this.#isHeld = job.holds;
    } catch (error) {
      if (isBusy(error)) {
        // When another process has locked the whole database, readers wait with the others.
        if (read === undefined) this.#waitForLock(job, error);
        else this.#jobs.push(read);
        return;
      }
      job.reject(error);
    }
    if (read === undefined) this.#lockedSince = undefined;
  }

  #waitForLock(job: Job, error: DriverAdapterError): void {
    this.#jobs.unshift(job);
    const now = performance.now();
    this.#lockedSince ??= now;
    if (now - Math.max(this.#lockedSince, job.since) > BUSY_TIMEOUT_MS) this.#rejectExpired(now, error);
    if (this.#jobs.length === 0) {
      this.#lockedSince = undefined;
      return;
    }
    this.#isBackingOff = true;
    this.#reads.push(...removeWhere(this.#jobs, (waiting) => waiting.isRead()));
    setTimeout(() => {
      this.#isBackingOff = false;
      this.#advance();
    }, BUSY_RETRY_MS);
  }

  /** Rejects the jobs that have waited as long as the first one: an attempt of their own would fail too. */
  #rejectExpired(now: number, { cause }: DriverAdapterError): void {
    for (const { reject } of removeWhere(this.#jobs, ({ since }) => now - since > BUSY_TIMEOUT_MS))
      reject(new DriverAdapterError(cause));
  }
}

const never = () => false;

/** Removes the elements of a list that fulfil a condition, and returns them. */
function removeWhere<T>(list: T[], condition: (element: T) => boolean): T[] {
  const removed: T[] = [];
  const kept: T[] = [];
  for (const element of list) (condition(element) ? removed : kept).push(element);
  list.splice(0, list.length, ...kept);
  return removed;
}
