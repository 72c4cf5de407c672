import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds between two checks. */
const POLL_INTERVAL_MS = 20;

/**
 * Waits for a condition.
 *
 * @param timeoutSeconds after which it fails
 */
export async function until(isSo: () => Promise<boolean> | boolean, timeoutSeconds = 20): Promise<void> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Not so after ${timeoutSeconds} s: ${isSo}`);
    await wait(POLL_INTERVAL_MS);
  }
}
