import { randomBytes } from 'node:crypto';
import type { FeedEntry } from './feed-entry.schemas.ts';

/** The fewest entries that a long log keeps. Readers who are further behind get entries by their date. */
const MIN_KEPT = 10_000;

/**
 * The order in which this process learnt of revocations. Each has a number. A reader who has all up to a
 * number gets exactly those after it, of any date.
 */
export class RevocationLog {
  /** Random, because the numbers of another process are others. */
  readonly id = randomBytes(9).toString('base64url');
  readonly #kept: FeedEntry[] = [];
  #last = 0;

  /** The number of the last entry; 0 when there is none. */
  get last(): number {
    return this.#last;
  }

  append(entry: FeedEntry): void {
    this.#last++;
    this.#kept.push(entry);
    // Many at a time, so that each entry costs little.
    if (this.#kept.length >= 2 * MIN_KEPT) this.#kept.splice(0, MIN_KEPT);
  }

  /**
   * Returns the entries after a number.
   *
   * @param limit the most entries
   * @returns undefined when some of them are no longer kept, or the number is not one of this log
   */
  after(number: number, limit: number): readonly FeedEntry[] | undefined {
    const behind = this.#last - number;
    if (behind < 0 || behind > this.#kept.length) return undefined;
    const start = this.#kept.length - behind;
    return this.#kept.slice(start, start + limit);
  }
}
