import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from '../../throttle/queue.ts';
import { hashingQueue } from './hash.ts';

/** Milliseconds that an attempt waits for the verdicts before it and for its turn to be hashed, in all. */
export const MAX_WAIT_MS = 5_000;

/** Milliseconds that a refusal takes at most. */
const MAX_REFUSAL_MS = 1_000;

/** Attempts that are in the queue of hashes: half of its room, and the rest is for new passwords. */
const turns = new Queue(() => Math.max(1, Math.floor(hashingQueue().room / 2)));

/** Milliseconds that the last attempt took, from its beginning to its verdict. */
let lastAttemptMs = 0;

/**
 * Verifies a password when it is its turn.
 *
 * @param deadline of `performance.now()`, by which it has to be
 * @throws {Problem} `busy`; whatever `verify` throws
 */
export function inHashingTurn<T>(deadline: number, verify: () => Promise<T>): Promise<T> {
  return turns.run(deadline, verify);
}

/** Notes how long an attempt has taken. @param began of `performance.now()` */
export function noteAttempt(began: number): void {
  lastAttemptMs = performance.now() - began;
}

/**
 * Waits until a refusal has taken as long as the last attempt that was made: in a network where somebody is known the same answer comes
 * after a hash.
 *
 * @param began of `performance.now()`
 */
export async function asLongAsAnAttempt(began: number): Promise<void> {
  const rest = Math.min(lastAttemptMs, MAX_REFUSAL_MS) - (performance.now() - began);
  if (rest > 0) await wait(rest);
}
