/** Delay before the second attempt, and the longest delay before a later one. Both without jitter. */
const FIRST_RETRY_DELAY_MS = 1_000;
const MAX_RETRY_DELAY_MS = 600_000;

/** Upper bound of every retry delay, jitter included. */
export const MAX_JITTERED_RETRY_DELAY_MS = 1.3 * MAX_RETRY_DELAY_MS;

/**
 * Computes the milliseconds until the next attempt: exponential backoff with jitter, so that mails that
 * failed together are not retried together.
 *
 * @param attempts number of attempts before this one
 */
export function retryDelayAfter(attempts: number): number {
  const delay = Math.min(FIRST_RETRY_DELAY_MS * 2 ** Math.min(attempts, 20), MAX_RETRY_DELAY_MS);
  return delay * (0.75 + Math.random() / 2);
}
