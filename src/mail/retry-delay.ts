/** Delay before the second attempt, and the longest delay before a later one. Both without jitter. */
const FIRST_RETRY_DELAY_MS = 1_000;
const MAX_RETRY_DELAY_MS = 600_000;

/** Share of a delay by which jitter makes it shorter or longer. */
const JITTER = 0.25;

/** Longer than every retry delay with its jitter, with some room for clocks. */
export const MAX_JITTERED_RETRY_DELAY_MS = (1.05 + JITTER) * MAX_RETRY_DELAY_MS;

/**
 * Computes the milliseconds until the next attempt: exponential backoff with jitter, so that mails that
 * failed together are not retried together.
 *
 * @param attempts number of attempts before the one that has just failed: 0 after the first
 */
export function retryDelayAfter(attempts: number): number {
  const delay = Math.min(FIRST_RETRY_DELAY_MS * 2 ** Math.min(attempts, 20), MAX_RETRY_DELAY_MS);
  return delay * (1 - JITTER + Math.random() * 2 * JITTER);
}
