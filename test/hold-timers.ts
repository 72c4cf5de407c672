import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { Teardown } from './helper.ts';

const SECOND_MS = 1000;

/** Holds the pauses of jobs until the test lets time pass. The pauses of transactions continue. */
export function holdTimers(t: Teardown) {
  const { setTimeout } = timers;
  const pauses: { readonly seconds: number; end(): void }[] = [];
  timers.setTimeout = ((delay, value, options) => {
    if (options?.ref !== false) return setTimeout(delay, value as never, options);
    return new Promise((resolve, reject) => {
      // As the real one: a job that ends while its app closes begins a pause with an aborted signal.
      options.signal?.throwIfAborted();
      pauses.push({ seconds: Math.round((delay ?? 0) / SECOND_MS), end: () => resolve(value as never) });
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
    });
  }) as typeof setTimeout;
  syncBuiltinESMExports();
  t.teardown(async () => {
    timers.setTimeout = setTimeout;
    syncBuiltinESMExports();
  });
  return {
    pauses,
    /** Ends the pauses of so many seconds. */
    pass(seconds: number) {
      for (const pause of pauses.filter((pause) => pause.seconds === seconds)) {
        pauses.splice(pauses.indexOf(pause), 1);
        pause.end();
      }
    },
  };
}
