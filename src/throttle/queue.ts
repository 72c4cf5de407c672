import { type Problem, retryLater } from '../problems/problem.ts';

/** Maximum length of all queues of this process. Further work is refused at once. */
const MAX_WAITING = 512;

/** Seconds after which the client may retry. */
const RETRY_AFTER_SECONDS = 1;

let waiting = 0;

/** Problem for work that has waited for too long, or would. */
export function busy(): Problem {
  return retryLater('busy', RETRY_AFTER_SECONDS);
}

/**
 * Queue with limited concurrency, first in, first out. Work that reaches its deadline in the queue is
 * refused.
 */
export class Queue {
  readonly #concurrency: () => number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /** @param concurrency how many run at the same time */
  constructor(concurrency: () => number) {
    this.#concurrency = concurrency;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /**
   * Runs work when it is its turn.
   *
   * @param deadline of `performance.now()` for the begin of the work
   * @throws {Problem} `busy`; the error of the work
   */
  async run<T>(deadline: number, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#concurrency()) this.#running++;
    else await this.#wait(deadline);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#beginNext();
    }
  }

  #wait(deadline: number): Promise<void> {
    if (waiting >= MAX_WAITING) throw busy();
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        this.#waiting.delete(begin);
        waiting--;
      };
      const begin = () => {
        leave();
        resolve();
      };
      const giveUp = () => {
        leave();
        reject(busy());
      };
      const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
      this.#waiting.add(begin);
      waiting++;
    });
  }

  #beginNext(): void {
    for (const begin of this.#waiting) {
      if (this.#running >= this.#concurrency()) return;
      this.#running++;
      begin();
    }
  }
}

/** Mutexes by key: work with the same key runs one at a time. A mutex is deleted when it is idle. */
export class KeyedMutex {
  readonly #queues = new Map<string, Queue>();

  /** Runs work like {@link Queue.run}, one at a time per key. */
  async run<T>(key: string, deadline: number, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? new Queue(() => 1);
    this.#queues.set(key, queue);
    try {
      return await queue.run(deadline, work);
    } finally {
      if (queue.isIdle) this.#queues.delete(key);
    }
  }
}
