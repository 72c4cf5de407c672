import { performance } from 'node:perf_hooks';

/** Time of running statements after which the event loop handles sockets and timers. */
const MAX_RUN_MS = 5;

/**
 * Yields to the event loop. SQLite answers synchronously, so a sequence of awaited statements would block the
 * thread: promises run before sockets and timers.
 */
export class EventLoopTurns {
  /** Last turn seen, and performance.now() at that time. */
  #turn = -1;
  #since = 0;
  #next: Promise<void> | undefined;

  /** Tells whether statements have blocked the thread for long enough. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.#since < MAX_RUN_MS) return false;
    const turn = performance.nodeTiming.uvMetricsInfo.loopCount;
    if (turn === this.#turn) return true;
    this.#turn = turn;
    this.#since = now;
    return false;
  }

  /** Waits for the next turn. All waiters continue in their order. */
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
