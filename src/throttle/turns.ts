import pLimit, { type LimitFunction } from 'p-limit';
import { Problem } from '../problems/problem.ts';

/** What may wait for its turn in this process; what comes beyond that is told at once. */
const MAX_WAITING = 512;

/** Seconds after which it is worth trying again. */
const RETRY_AFTER_SECONDS = 1;

let waiting = 0;

/** What is answered to those who have waited for too long, or would. */
export function busy(): Problem {
  return new Problem('busy', { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } });
}

/**
 * Runs work when it is its turn.
 *
 * @param deadline of `performance.now()`, by which it has to be
 * @throws {Problem} `busy`; whatever the work throws
 */
export function inTime<T>(limit: LimitFunction, deadline: number, work: () => Promise<T>): Promise<T> {
  const mustWait = limit.activeCount >= limit.concurrency;
  if (!mustWait) return limit(work);
  if (waiting >= MAX_WAITING) throw busy();
  waiting++;
  return new Promise((resolve, reject) => {
    let isTooLate = false;
    const timer = setTimeout(
      () => {
        waiting--;
        isTooLate = true;
        reject(busy());
      },
      Math.max(0, deadline - performance.now()),
    );
    limit(async () => {
      // It leaves its place in the queue when that comes up.
      if (isTooLate) return;
      waiting--;
      clearTimeout(timer);
      await work().then(resolve, reject);
    });
  });
}

/** Queues by key: what has the same key takes turns. They go when nobody is in them. */
export class Turns {
  readonly #concurrency: () => number;
  readonly #queues = new Map<string, { readonly limit: LimitFunction; users: number }>();

  /** @param concurrency how much of one key runs at a time */
  constructor(concurrency: () => number) {
    this.#concurrency = concurrency;
  }

  /** As {@link inTime}. */
  async run<T>(key: string, deadline: number, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { limit: pLimit(this.#concurrency()), users: 0 };
    this.#queues.set(key, queue);
    queue.users++;
    try {
      return await inTime(queue.limit, deadline, work);
    } finally {
      queue.users--;
      if (queue.users === 0) this.#queues.delete(key);
    }
  }
}
