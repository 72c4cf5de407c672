import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from '../../throttle/queue.ts';
import { hashingQueue } from './hash.ts';

/**
 * The longest time that an attempt waits: for the verdicts before it and for its turn in the queue, together.
 */
export const MAX_WAIT_MS = 5_000;

/** The longest time that a refusal takes. */
const MAX_REFUSAL_MS = 1_000;

/** The attempts in the hashing queue. They take half of its capacity; the rest is for new passwords. */
const turns = new Queue(() => Math.max(1, Math.floor(hashingQueue().room / 2)));

/** The duration of the last attempt, from its beginning to its verdict. */
let lastAttemptMs = 0;

/**
 * Verifies a password when it has its turn.
 *
 * @param deadline a time of `performance.now()`
 * @throws {Problem} `busy`; any error of `verify`
 */
export function runInHashingTurn<T>(deadline: number, verify: () => Promise<T>): Promise<T> {
  return turns.run(deadline, verify);
}

/** Records how long an attempt has taken. @param began a time of `performance.now()` */
export function recordAttemptDuration(began: number): void {
  lastAttemptMs = performance.now() - began;
}

/**
 * Waits until a refusal has taken as long as the last attempt. In a network where the owner is known, the
 * same answer comes after a hash, so the time must not tell the difference.
 *
 * @param began a time of `performance.now()`
 */
export async function waitAsLongAsAnAttempt(began: number): Promise<void> {
  const rest = Math.min(lastAttemptMs, MAX_REFUSAL_MS) - (performance.now() - began);
  if (rest > 0) await wait(rest);
}
