import { performance } from 'node:perf_hooks';

/** Milliseconds of statements after which sockets and timers have their turn. */
const MAX_RUN_MS = 5;

/**
 * Lets the event loop have its turns. SQLite answers without waiting, so whoever awaits one statement after the other would otherwise
 * keep the thread: promises go on before sockets and timers.
 */
export class EventLoopTurns {
  /** The turn that was last seen, and performance.now() then. */
  #turn = -1;
  #since = 0;
  #next: Promise<void> | undefined;

  /** Whether statements have kept the thread for long enough. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.#since < MAX_RUN_MS) return false;
    const turn = performance.nodeTiming.uvMetricsInfo.loopCount;
    if (turn === this.#turn) return true;
    this.#turn = turn;
    this.#since = now;
    return false;
  }

  /** The next turn. All who wait for one go on in their order. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined;
        this.#since = performance.now();
        resolve();
      });
    });
    return this.#next;
  }
}
