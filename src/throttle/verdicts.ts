import { EventEmitter } from 'node:events';
import { busy, TurnsByKey } from './turns.ts';

/** Milliseconds between two looks at whether other processes have come to a verdict. */
const POLL_MS = 100;

/** Those that wait for verdicts on attempts under way. */
export class Verdicts {
  /** One of those that wait for the same looks at the database at a time. */
  readonly #waiting = new TurnsByKey();
  readonly #announced = new EventEmitter().setMaxListeners(0);

  /** Says that this process has come to a verdict. */
  announce(id: string): void {
    this.#announced.emit(id);
  }

  /**
   * Looks with each verdict, and now and then for those of other processes, until there is something to be seen.
   *
   * @param deadline of `performance.now()`
   * @param look returns undefined for nothing
   * @throws {Problem} `busy` past the deadline; whatever `look` throws
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
