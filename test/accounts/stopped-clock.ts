/** A clock of the counters that stands still, for tests of refusals that end after a second. */
import type { Api } from '../helper.ts';

/**
 * Stops the clock by which services count failed attempts. On a slow machine, a wait of a second would end
 * before the attempt that it refuses.
 */
export function stopClock(...services: readonly Api[]): void {
  const date = new Date();
  for (const { app } of services)
    app.accounts.throttle.readClock = async () => ({ date, now: () => date.getTime() });
}
