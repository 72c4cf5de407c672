import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';

/** The counter of RFC 9562 section 6.2 (method 1) begins anywhere in its lower half, so that it never runs over within a millisecond. */
const COUNTER_START = 2 ** 31;

let latest = { msecs: Number.NaN, seq: 0 };

/**
 * A new UUIDv7 (RFC 9562 section 5.7): ids sort by the time in them, and those that a process makes one after the other
 * at one time in their order.
 */
export function newId(time = new Date()): string {
  const msecs = time.getTime();
  latest = { msecs, seq: msecs === latest.msecs ? latest.seq + 1 : randomInt(COUNTER_START) };
  return v7(latest);
}

/** The lowest UUIDv7 of a time, to the millisecond: what happened from then on has a higher id, or this one. Before 1970 is 1970. */
export function lowestIdOf(time: Date): string {
  const digits = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}
