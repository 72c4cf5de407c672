import type { FeedPosition, ScanPosition } from './feed-cursor.ts';
import type { FeedEntry } from './feed-entry.schemas.ts';
import { OVERLAP_MS } from './poll-clock.ts';
import { RETENTION_MS } from './revocation-map.ts';
import type { RevocationFeed } from './revocations.ts';

/** The approximate number of entries of an answer: at 120 bytes each, it has about a megabyte. */
export const PAGE_ENTRIES = 10_000;

/**
 * Pages that are sent as one answer, where they are not everything. If several processes sent them one by
 * one, the reader would get what is younger than the overlap again after the last page, and in pages again.
 */
const MAX_RECENT_PAGES = 5;

/** In place of the id of a log: the position is one of time alone. */
const NO_LOG = '------------';

/** A part of the feed. */
export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** The place of a reader who has these entries. */
  readonly position: FeedPosition;
  /** True when the reader may have missed something: it has to begin anew, with this page. */
  readonly resync: boolean;
  /** True when nothing of the last poll is missing after this page. */
  readonly complete: boolean;
}

/** The revocations of a process, as the feed reads them. */
export type FeedSource = Pick<RevocationFeed, 'log' | 'clock' | 'entries'>;

/**
 * Reads what a reader does not have yet. In the process that wrote the cursor, that is the exact rest of the
 * log. In another process it is everything since the time of the cursor minus the overlap, because rows are
 * dated before they are visible. Where neither is sure, it is everything, with `resync`.
 *
 * @param position undefined for a reader who has nothing
 * @param databaseId that of the last poll
 */
export function readFeed(
  source: FeedSource,
  databaseId: string,
  position: FeedPosition | undefined,
  pageEntries = PAGE_ENTRIES,
): FeedPage {
  const {
    log,
    clock: { until: polledUntil = 0, setBackFrom },
  } = source;
  const head = { databaseId, logId: log.id, number: log.last, time: polledUntil };
  const begin = (since: number, resync: boolean) => ({
    ...readScan(source, { ...head, scan: { since, pages: 0, next: 0 } }, head, pageEntries),
    resync,
  });
  if (position === undefined) return begin(0, false);
  if (position.databaseId !== databaseId || position.time < polledUntil - RETENTION_MS) return begin(0, true);
  const { scan, time } = position;
  if (scan !== undefined)
    return scan.next < scan.pages
      ? { ...readScan(source, { ...position, scan }, head, pageEntries), resync: false }
      : begin(0, true);
  const rest = position.logId === log.id ? log.after(position.number, pageEntries) : undefined;
  if (rest !== undefined) {
    const number = position.number + rest.length;
    const complete = number === log.last;
    return { entries: rest, position: complete ? head : { ...position, number }, resync: false, complete };
  }
  // A clock that was set back shows the same time twice, and what was dated between is not later than it.
  if (time <= setBackFrom || time > polledUntil + OVERLAP_MS) return begin(0, true);
  return begin(Math.max(0, Math.floor(time) - OVERLAP_MS), false);
}

/**
 * Reads a page of all entries since a date. The pages of one scan may come from several processes, which
 * know different things. So after the last page the reader goes on from where the first one began.
 *
 * @param position its `pages` is 0 before the first page
 */
function readScan(
  source: Pick<FeedSource, 'entries'>,
  position: FeedPosition & { readonly scan: ScanPosition },
  head: FeedPosition,
  pageEntries: number,
): Pick<FeedPage, 'entries' | 'position' | 'complete'> {
  const { since, next } = position.scan;
  const found: FeedEntry[] = [];
  const all = (pages: number) => {
    for (const { entry, date } of source.entries())
      if (date >= since && (pages <= 1 || pageOf(entry, pages) === next)) found.push(entry);
    return found;
  };
  let pages = position.scan.pages;
  if (pages === 0) {
    const count = all(1).length;
    pages = Math.ceil(count / pageEntries);
    if (pages <= 1 || (since > 0 && count <= MAX_RECENT_PAGES * pageEntries))
      return { entries: found, position: head, complete: true };
    found.length = 0;
  }
  all(pages);
  const isSameLog = position.logId === head.logId;
  const rest = {
    ...position,
    logId: isSameLog ? head.logId : NO_LOG,
    number: isSameLog ? position.number : 0,
    time: Math.min(position.time, head.time),
  };
  const scan = next + 1 < pages ? { since, pages, next: next + 1 } : undefined;
  return { entries: found, position: { ...rest, scan }, complete: false };
}

/** The page of an entry: the same in every process (FNV-1a). */
function pageOf(entry: FeedEntry, pages: number): number {
  if (entry.kind === 'everybody') return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < entry.id.length; at++) hash = Math.imul(hash ^ entry.id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % pages;
}
