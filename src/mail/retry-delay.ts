/** Milliseconds before the second try, and the most before any later one. */
const FIRST = 1_000;
const LONGEST = 600_000;

/** Milliseconds that no mail is put off for, whatever the random part. */
export const FARTHEST = 1.3 * LONGEST;

/**
 * Milliseconds until the next try, with a random part, so that mails that failed together do not come back together.
 *
 * @param attempts that were made before this one
 */
export function pauseAfter(attempts: number): number {
  return Math.min(FIRST * 2 ** Math.min(attempts, 20), LONGEST) * (0.75 + Math.random() / 2);
}
