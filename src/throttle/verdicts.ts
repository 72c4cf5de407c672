import { EventEmitter } from 'node:events';
import { busy, KeyedMutex } from './queue.ts';

/** Pause between two checks for verdicts of other processes. */
const POLL_MS = 100;

/** Lets attempts wait until an earlier attempt has failed or succeeded, which is its verdict. */
export class VerdictWaiters {
  /** One waiter per id polls the database at a time; the others queue behind it. */
  readonly #waiting = new KeyedMutex();
  readonly #announced = new EventEmitter().setMaxListeners(0);

  /** Announces a verdict of this process. */
  announce(id: string): void {
    this.#announced.emit(id);
  }

  /**
   * Calls `look` after each verdict of this process, and at intervals for those of other processes, until it
   * returns a value.
   *
   * @param deadline of `performance.now()`
   * @param look returns undefined while there is nothing yet
   * @throws {Problem} `busy` after the deadline; the error of `look`
   */
  waitFor<T>(id: string, deadline: number, look: () => Promise<T | undefined>): Promise<T> {
    return this.#waiting.run(id, deadline, async () => {
      for (;;) {
        await this.#next(id, deadline);
        const seen = await look();
        if (seen !== undefined) return seen;
        if (performance.now() >= deadline) throw busy();
      }
    });
  }

  #next(id: string, deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#announced.off(id, done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, Math.min(POLL_MS, deadline - performance.now())));
      this.#announced.on(id, done);
    });
  }
}
