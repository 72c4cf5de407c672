import { v7 } from 'uuid';

/**
 * A new UUIDv7 (RFC 9562 section 5.7): ids sort by the time in them, and those of one process in the order in which they were made.
 *
 * @param time in place of now
 */
export function newId(time?: Date): string {
  return time === undefined ? v7() : v7({ msecs: time.getTime() });
}
