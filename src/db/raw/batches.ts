import { setTimeout as wait, setImmediate as yieldToEventLoop } from 'node:timers/promises';

/**
 * Maximum of rows per run of a job, up to one batch more. The next run handles the rest and begins at once.
 */
export const MAX_RUN_ROWS = 10_000;

/** Pause after a batch, as a share of the batch's time, and its maximum. */
const PAUSE_SHARE = 0.5;
const MAX_PAUSE_MS = 50;

/** Result of one batch. */
export interface Batch {
  /** Rows handled. */
  readonly rows: number;
  /** True when nothing is left to do for now. */
  readonly isLast: boolean;
}

/** Limits of a run. */
export interface RunOptions {
  /** Stops the run after the current batch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Rows after which the run ends, up to one batch more; {@link MAX_RUN_ROWS} by default. Commands run to the
   * end.
   */
  readonly maxRows?: number;
}

/**
 * Handles a backlog, batch by batch. SQLite answers without a turn of the event loop: without pauses, a
 * backlog would block all requests and the handling of signals.
 *
 * @returns the number of rows handled
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
      // A caller may start the next run at once.
      await yieldToEventLoop();
      break;
    }
    await pause(performance.now() - began, signal);
  }
  return total;
}

async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  // When the signal ends the pause, the loop ends too.
  await wait(Math.min(durationMs * PAUSE_SHARE, MAX_PAUSE_MS), undefined, {
    ...(signal && { signal }),
  }).catch(() => {});
}
