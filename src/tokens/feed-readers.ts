import type { Database } from '../db/client.ts';
import { readDatabaseId } from '../db/database-id.ts';
import { withDeadline } from '../db/deadline.ts';
import { type Instant, instant, longestBetween, shortestBetween } from '../lib/instant.ts';
import { retryLater } from '../problems/problem.ts';
import { type FeedPage, readFeed } from './feed.ts';
import type { FeedPosition } from './feed-cursor.ts';
import type { RevocationFeed } from './revocations.ts';

/**
 * Milliseconds between the beginnings of two polls while the feed is read. Less than a half of
 * {@link MAX_WAIT_MS}: two polls fall into each wait, and an answer is sent right after the second one, when
 * it can be trusted for longest.
 */
export const READING_INTERVAL_MS = 450;

/** Milliseconds after its arrival from which a request that finds no news is answered with the next poll. */
const ENOUGH_WAIT_MS = 500;

/** Milliseconds for which a request is held at most. */
const MAX_WAIT_MS = 1_000;

/** Milliseconds after the last request for which the feed counts as being read. */
const QUIET_AFTER_MS = 2_000;

/** Timeout of the poll that a reader waits for. */
const POLL_TIMEOUT_MS = 1_000;

/** A page of the feed, and how old it is. */
export interface FeedAnswer extends FeedPage {
  /** Milliseconds from the arrival of the request to the beginning of the poll, which may be before it. */
  readonly asOf: number;
  /** The database's time: milliseconds since 1970. */
  readonly time: number;
}

interface Waiter {
  readonly arrived: Instant;
  readonly number: number;
  /** Ends the wait. May be called twice. */
  end(): void;
}

/**
 * The readers of the feed. However many of them wait, there is one poll of the database each
 * {@link READING_INTERVAL_MS}, and none when there has been no reader for {@link QUIET_AFTER_MS}.
 */
export class FeedReaders {
  readonly #revocations: RevocationFeed;
  readonly #database: Pick<Database, 'control'>;
  readonly #waiters = new Set<Waiter>();
  #databaseId: string | undefined;
  #readAt: Instant = instant();
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isClosed = false;

  constructor(revocations: RevocationFeed, database: Pick<Database, 'control'>) {
    this.#revocations = revocations;
    this.#database = database;
    revocations.onNews(() => this.#answerWaiters());
  }

  /** Number of requests that are held. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Answers a reader: at once when there is something new, else after the next poll, and after
   * {@link MAX_WAIT_MS} in any case. Without a database, the answers become older and older, and the reader
   * stops trusting them.
   *
   * @param mayWait false to answer at once
   * @throws {Problem} `feed-not-complete` when not all revocations fit into the memory
   * @throws when the database is unavailable, and was so since the start
   */
  async read(position: FeedPosition | undefined, mayWait: boolean): Promise<FeedAnswer> {
    const arrived = instant();
    this.#note(arrived);
    // The first answer of a reader, and one that is not held, rest on a poll of now.
    const isHeld = mayWait && position !== undefined && this.#databaseId !== undefined;
    if (!isHeld && (this.#databaseId === undefined || this.#revocations.age > READING_INTERVAL_MS))
      await this.#pollNow();
    const page = this.#page(position);
    const isNews = page.entries.length > 0 || page.resync || !page.complete;
    if (!isHeld || isNews || this.#isClosed) return this.#date(page, arrived);
    await this.#wait(arrived);
    return this.#date(this.#page(position), arrived);
  }

  /** Answers all held requests, and stops polling. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters) waiter.end();
  }

  #page(position: FeedPosition | undefined): FeedPage {
    const { isComplete, clock } = this.#revocations;
    // While they are loaded again after an overflow, nothing has been polled.
    if (this.#databaseId === undefined || !isComplete || clock.until === undefined)
      throw retryLater('feed-not-complete', 1);
    return readFeed(this.#revocations, this.#databaseId, position);
  }

  #date(page: FeedPage, arrived: Instant): FeedAnswer {
    const { began: polledAt, until: polledUntil = 0 } = this.#revocations.clock;
    const since = longestBetween(polledAt, instant());
    // By the clock that shows less, the poll was earlier: the reader trusts the answer for a shorter time.
    return {
      ...page,
      asOf: Math.floor(shortestBetween(arrived, polledAt)),
      time: Math.round(polledUntil + since),
    };
  }

  async #wait(arrived: Instant): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter = { arrived, number: this.#revocations.log.last, end };
      const timer = setTimeout(end, MAX_WAIT_MS - longestBetween(arrived, instant()));
      this.#waiters.add(waiter);
    });
  }

  /** Answers those for whom there is news, and those who have waited for long enough. */
  #answerWaiters(): void {
    const { log, clock } = this.#revocations;
    for (const waiter of this.#waiters)
      if (log.last !== waiter.number || shortestBetween(waiter.arrived, clock.began) >= ENOUGH_WAIT_MS)
        waiter.end();
  }

  /** Notes a reader, and begins to poll. */
  #note(now: Instant): void {
    this.#readAt = now;
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    this.#plan(Math.max(0, READING_INTERVAL_MS - this.#revocations.age));
  }

  #plan(milliseconds: number): void {
    this.#timer = setTimeout(() => void this.#poll(), milliseconds).unref();
  }

  async #poll(): Promise<void> {
    const began = performance.now();
    // The job of the polls reports that the database is unavailable. Readers see it in the age.
    await this.#pollNow().catch(() => {});
    this.#isReading = this.#waiters.size > 0 || longestBetween(this.#readAt, instant()) < QUIET_AFTER_MS;
    if (this.#isReading && !this.#isClosed)
      this.#plan(Math.max(0, READING_INTERVAL_MS - (performance.now() - began)));
  }

  async #pollNow(): Promise<void> {
    const work = async () => {
      // Before the rows: of data that comes from somewhere else, the old id must not be told.
      this.#databaseId = await readDatabaseId(this.#database.control);
      await this.#revocations.poll();
    };
    await withDeadline(work(), POLL_TIMEOUT_MS);
  }
}
