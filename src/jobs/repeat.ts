import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { MAX_RUN_ROWS, type RunOptions } from '../db/raw/batches.ts';
import type { Pace } from './pace.ts';

/** A periodic job. */
export interface Job {
  readonly name: string;
  /** Milliseconds from the beginning of one run to the beginning of the next; longer while idle (Pace). */
  readonly intervalMs: number;
  /**
   * Handles a bounded number of rows, in batches between which other transactions can run.
   *
   * @param options whose signal says that the app is closing
   * @returns the number of rows, when the job counts them: with {@link MAX_RUN_ROWS} there may be more, and
   *   the job runs again at once
   */
  readonly run: (options: RunOptions) => Promise<unknown>;
}

/** The state of a job. */
export interface JobState {
  readonly name: string;
  /** True when its last run failed. */
  failing: boolean;
}

/** Log, pace and end of all jobs of an app. */
export interface Runner {
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** Runs a job until the signal ends it, each time when it is due and the pace lets it. */
export async function repeat(
  { log, pace, signal }: Runner,
  { name, intervalMs, run }: Job,
  state: JobState,
): Promise<void> {
  let due = performance.now() + intervalMs;
  while (await pause(Math.max(0, due - performance.now()), signal)) {
    await pace.next();
    if (signal.aborted) return;
    const began = performance.now();
    due = began + intervalMs;
    try {
      const rows = await run({ signal });
      if (typeof rows === 'number' && rows > 0) pace.noteActivity();
      if (typeof rows === 'number' && rows >= MAX_RUN_ROWS) due = began;
      if (state.failing) log.info({ job: name }, 'A job works again');
      state.failing = false;
    } catch (error) {
      // Logged once, not at every attempt: an unavailable database would fill the log.
      if (!state.failing) log.error({ err: error, job: name }, 'A job failed and will be retried');
      state.failing = true;
    }
  }
}

/** @returns false when the signal ended the pause */
async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(milliseconds, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}
