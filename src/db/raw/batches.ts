import { setImmediate as takeTurn, setTimeout as wait } from 'node:timers/promises';

/** Rows that one run of a job handles at most, give or take a batch. What is left is for the next run, which then begins at once. */
export const MAX_RUN_ROWS = 10_000;

/** Of the time that a batch took, how much others have for themselves before the next one; and the most, in milliseconds. */
const PAUSE_PART = 0.5;
const LONGEST_PAUSE_MS = 50;

/** What one batch came to. */
export interface Batch {
  /** Rows that it handled. */
  readonly rows: number;
  /** Whether there is nothing left to do for now. */
  readonly isLast: boolean;
}

/** How far a run goes. */
export interface RunOptions {
  /** Ends it after a batch. */
  readonly signal?: AbortSignal | undefined;
  /** Rows after which it ends, give or take a batch; {@link MAX_RUN_ROWS} unless it is said. Commands go on to the end. */
  readonly maxRows?: number;
}

/**
 * Works off what waits, batch by batch. SQLite answers without a turn of the event loop: without a pause, a backlog would keep everybody
 * else waiting, and the process from being told to stop.
 *
 * @returns how many rows were handled
 */
export async function runBatches(
  batch: () => Promise<Batch>,
  { signal, maxRows = MAX_RUN_ROWS }: RunOptions = {},
): Promise<number> {
  let total = 0;
  while (signal?.aborted !== true) {
    const began = performance.now();
    const { rows, isLast } = await batch();
    total += rows;
    if (isLast || total >= maxRows) {
      // Also for whoever calls again at once.
      await takeTurn();
      break;
    }
    await rest(performance.now() - began, signal);
  }
  return total;
}

async function rest(tookMs: number, signal: AbortSignal | undefined): Promise<void> {
  // When the signal ends it, the loop ends too.
  await wait(Math.min(tookMs * PAUSE_PART, LONGEST_PAUSE_MS), undefined, { ...(signal && { signal }) }).catch(
    () => {},
  );
}
