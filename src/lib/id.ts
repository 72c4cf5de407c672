import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';

/**
 * Start of the counter of RFC 9562 section 6.2 (method 1): a random number in its lower half, so that it
 * never overflows within a millisecond.
 */
const COUNTER_START = 2 ** 31;

let latest = { msecs: Number.NaN, seq: 0 };

/**
 * Makes a UUIDv7 (RFC 9562 section 5.7). Ids sort by their time; those that one process makes in the same
 * millisecond sort in the order of their creation.
 */
export function newId(time = new Date()): string {
  const msecs = time.getTime();
  latest = { msecs, seq: msecs === latest.msecs ? latest.seq + 1 : randomInt(COUNTER_START) };
  return v7(latest);
}

/**
 * Returns the lowest UUIDv7 of a time, to the millisecond: events from then on have this id or a higher one.
 * A time before 1970 counts as 1970.
 */
export function lowestIdOf(time: Date): string {
  const digits = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}
