import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds between two looks. */
const PAUSE = 20;

/**
 * Waits for a condition.
 *
 * @param patience seconds after which it fails
 */
export async function until(isSo: () => Promise<boolean> | boolean, patience = 20): Promise<void> {
  const deadline = performance.now() + patience * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Not so after ${patience} s: ${isSo}`);
    await wait(PAUSE);
  }
}
