import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import { isBusy } from './errors.ts';
import { EventLoopTurns } from './event-loop-turns.ts';

/** Milliseconds that a statement waits for another process that has the database locked. */
const BUSY_PATIENCE_MS = 5_000;

/** Milliseconds between two attempts at the lock; the thread is free meanwhile. */
const BUSY_PAUSE_MS = 10;

export interface JobOptions {
  /** Whether the queue stays closed afterwards, until it is released: for a transaction. */
  readonly holds?: boolean;
  /** Whether the job only reads, so that it need not wait for whoever waits to write. Asked only then. */
  readonly isRead?: () => boolean;
}

interface Job {
  readonly attempt: () => void;
  readonly reject: (error: unknown) => void;
  readonly holds: boolean;
  readonly isRead: () => boolean;
  /** performance.now() when it came. */
  readonly since: number;
}

/**
 * Those who want the one connection, first come, first served. While another process holds the write lock, the first of them tries
 * again and again on behalf of all, and whoever only reads goes ahead: in WAL mode, a writer is in no reader's way.
 */
export class Queue {
  readonly turns = new EventLoopTurns();
  readonly #jobs: Job[] = [];
  /** Those that only read, while the first of the others waits for the lock. */
  readonly #reads: Job[] = [];
  #isHeld = false;
  /** performance.now() of the first attempt at the lock that failed; undefined while nobody waits for it. */
  #lockedSince: number | undefined;
  /** Whether the first one waits for its next attempt at the lock. */
  #isPaused = false;
  #waitsForTurn = false;

  /** Runs work, which must not wait for anything, when its turn has come. */
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

  /** Opens the queue that a job has held. */
  release(): void {
    this.#isHeld = false;
    this.#advance();
  }

  #listFor(job: Job): Job[] {
    return this.#isPaused && job.isRead() ? this.#reads : this.#jobs;
  }

  #advance(): void {
    while (!this.#isHeld && !this.#waitsForTurn) {
      if (this.#reads.length === 0 && (this.#isPaused || this.#jobs.length === 0)) return;
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
        // Where somebody has the whole database, whoever only reads waits with the others.
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
    if (now - Math.max(this.#lockedSince, job.since) > BUSY_PATIENCE_MS) this.#rejectExpired(now, error);
    if (this.#jobs.length === 0) {
      this.#lockedSince = undefined;
      return;
    }
    this.#isPaused = true;
    this.#reads.push(...take(this.#jobs, (waiting) => waiting.isRead()));
    setTimeout(() => {
      this.#isPaused = false;
      this.#advance();
    }, BUSY_PAUSE_MS);
  }

  /** Whoever has waited as long as the first fails with it: each attempt of its own would find the same. */
  #rejectExpired(now: number, { cause }: DriverAdapterError): void {
    for (const { reject } of take(this.#jobs, ({ since }) => now - since > BUSY_PATIENCE_MS))
      reject(new DriverAdapterError(cause));
  }
}

const never = () => false;

/** Takes those out of a list that fulfil a condition. */
function take<T>(list: T[], condition: (element: T) => boolean): T[] {
  const taken: T[] = [];
  const kept: T[] = [];
  for (const element of list) (condition(element) ? taken : kept).push(element);
  list.splice(0, list.length, ...kept);
  return taken;
}
