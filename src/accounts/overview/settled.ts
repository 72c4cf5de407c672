import { CLOCK_TOLERANCE_MS } from '../../db/client.ts';
import { TRANSACTION_TIMEOUT_MS } from '../../db/transaction.ts';

/**
 * Milliseconds after which no process adds a row whose id has that time. The clocks of two processes differ
 * by twice the tolerance at most, one of them may be set by less than it, and a transaction commits some
 * seconds after it has made the id.
 */
export const SETTLED_MS = 3 * CLOCK_TOLERANCE_MS + 2 * TRANSACTION_TIMEOUT_MS;

/** The clock of the process. When it was set, counts that depend on it have to be made again. */
export class WallClock {
  /** Date.now() minus performance.now(), as of the last look. */
  #offset: number | undefined;

  /** Tells whether the clock was set, by more than the tolerance, since the last call. */
  wasSet(): boolean {
    const offset = Date.now() - performance.now();
    const before = this.#offset ?? offset;
    this.#offset = offset;
    return Math.abs(offset - before) > CLOCK_TOLERANCE_MS;
  }
}
