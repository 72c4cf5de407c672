import { v7 } from 'uuid';

/**
 * A new UUIDv7 (RFC 9562 section 5.7): ids sort by the time in them, and those of one process in the order in which they were made.
 *
 * @param time in place of now
 */
export function newId(time?: Date): string {
  return time === undefined ? v7() : v7({ msecs: time.getTime() });
}

/** The lowest UUIDv7 of a time, to the millisecond: what happened from then on has a higher id, or this one. */
export function lowestIdOf(time: Date): string {
  const digits = time.getTime().toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}
