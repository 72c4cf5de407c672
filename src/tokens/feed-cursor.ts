/** The place of a reader who has everything up to there. */
export interface FeedPosition {
  readonly databaseId: string;
  /** Id of the log of the process that wrote the cursor. */
  readonly logId: string;
  /** Number in that log up to which the reader has all entries. */
  readonly number: number;
  /** Database time of the last poll that the cursor rests on: milliseconds since 1970. */
  readonly time: number;
  /** Set between two pages of a scan. */
  readonly scan?: ScanPosition | undefined;
}

/**
 * The place in a scan of the memory by date. Pages are made by a hash of the ids, which is the same in every
 * process: a scan goes on wherever the next request arrives.
 */
export interface ScanPosition {
  /** Entries of an earlier date are left out: milliseconds since 1970. */
  readonly since: number;
  readonly pages: number;
  /** Page to be read next, from 0. */
  readonly next: number;
}

/** The cursor, which is opaque to readers. */
export const CURSOR_PATTERN =
  '^[A-Za-z0-9_\\-]{16}\\.[A-Za-z0-9_\\-]{12}\\.[0-9]{1,15}\\.[0-9]{1,15}(?:\\.[0-9]{1,15}\\.[0-9]{1,6}\\.[0-9]{1,6})?$';

/** Writes a cursor. */
export function writeCursor({ databaseId, logId, number, time, scan }: FeedPosition): string {
  const place = [databaseId, logId, number, Math.floor(time)];
  return [...place, ...(scan === undefined ? [] : [scan.since, scan.pages, scan.next])].join('.');
}

/**
 * Reads a cursor.
 *
 * @param cursor that fits {@link CURSOR_PATTERN}
 */
export function readCursor(cursor: string): FeedPosition {
  const [databaseId = '', logId = '', ...numbers] = cursor.split('.');
  const [number = 0, time = 0, since, pages, next] = numbers.map(Number);
  const isScan = since !== undefined && pages !== undefined && next !== undefined;
  return { databaseId, logId, number, time, scan: isScan ? { since, pages, next } : undefined };
}
