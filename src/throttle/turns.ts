import { type Problem, retryLater } from '../problems/problem.ts';

/** What may wait for its turn in this process; what comes beyond that is told at once. */
const MAX_WAITING = 512;

/** Seconds after which it is worth trying again. */
const RETRY_AFTER_SECONDS = 1;

let waiting = 0;

/** What is answered to those who have waited for too long, or would. */
export function busy(): Problem {
  return retryLater('busy', RETRY_AFTER_SECONDS);
}

/** Work that takes turns, in the order in which it comes. What has waited until its deadline is refused. */
export class Turns {
  readonly #concurrency: () => number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /** @param concurrency how much of it runs at a time */
  constructor(concurrency: () => number) {
    this.#concurrency = concurrency;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /**
   * Runs work when it is its turn.
   *
   * @param deadline of `performance.now()`, by which it has to be
   * @throws {Problem} `busy`; whatever the work throws
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

/** Turns by key: what has the same key takes them one at a time. They go when nobody is in them. */
export class TurnsByKey {
  readonly #turns = new Map<string, Turns>();

  /** As {@link Turns.run}. */
  async run<T>(key: string, deadline: number, work: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(key) ?? new Turns(() => 1);
    this.#turns.set(key, turns);
    try {
      return await turns.run(deadline, work);
    } finally {
      if (turns.isIdle) this.#turns.delete(key);
    }
  }
}
