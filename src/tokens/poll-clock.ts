import { CLOCK_TOLERANCE_MS, type Database } from '../db/client.ts';
import { type Instant, instant, longestBetween } from '../lib/instant.ts';
import { RETENTION_MS } from './revocation-map.ts';

/** Milliseconds for which revocations are fresh after the beginning of the last successful poll. */
export const MAX_STALENESS_MS = 2_000;

/**
 * Milliseconds by which a poll overlaps the poll before it. A row has the time when it is written, but is
 * visible when its transaction commits, up to TRANSACTION_TIMEOUT_MS later. Rows with a later time may be
 * visible before it.
 */
export const OVERLAP_MS = 30_000;

const NEVER: Instant = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

/** The time of the last successful poll, by the clocks of the process and of the database. */
export class PollClock {
  #began = NEVER;
  #until: number | undefined;
  #setBackFrom = Number.NEGATIVE_INFINITY;
  #skew = 0;
  /** Date.now() minus performance.now(), at the last successful poll. */
  #wallOffset = 0;

  /** When the last successful poll began. */
  get began(): Instant {
    return this.#began;
  }

  /** The database's time at the last successful poll: milliseconds since 1970; undefined before it. */
  get until(): number | undefined {
    return this.#until;
  }

  /** The latest time from which the database's clock was set back: times up to it came twice. */
  get setBackFrom(): number {
    return this.#setBackFrom;
  }

  /** Milliseconds by which this process's clock is ahead of the database's, at the last successful poll. */
  get skew(): number {
    return this.#skew;
  }

  /** Milliseconds since the last successful poll began, by either clock; infinite before the first one. */
  get age(): number {
    return longestBetween(this.#began, instant());
  }

  /**
   * True when the last poll is recent. Both clocks must say so: on a suspended machine, the monotonic one may
   * stand still. With a clock that is behind, tokens live longer than their revocations are kept. That begins
   * when the clock is set, before the next poll.
   */
  get isRecent(): boolean {
    const elapsed = performance.now();
    const wall = Date.now();
    return (
      elapsed - this.#began.monotonic <= MAX_STALENESS_MS &&
      wall - this.#began.wall <= MAX_STALENESS_MS &&
      Math.abs(this.#skew) <= CLOCK_TOLERANCE_MS &&
      Math.abs(wall - elapsed - this.#wallOffset) <= CLOCK_TOLERANCE_MS
    );
  }

  /** Reads the time. @returns milliseconds since 1970 by the database's clock */
  async read({ control, now }: Pick<Database, 'control' | 'now'>): Promise<number> {
    const before = Date.now();
    const time = (await now(control)).getTime();
    const after = Date.now();
    this.#wallOffset = after - performance.now();
    this.#skew = (before + after) / 2 - time;
    return time;
  }

  /**
   * Returns the time from which a poll reads. When the database's clock was set back, it is the beginning:
   * revocations that were evicted while the clock was ahead, or not read by a process that started then,
   * apply to tokens that are valid again.
   */
  since(now: number): number {
    if (this.#until === undefined) return now - RETENTION_MS;
    if (now < this.#until - OVERLAP_MS) {
      this.#setBackFrom = Math.max(this.#setBackFrom, this.#until);
      return now - RETENTION_MS;
    }
    return Math.min(this.#until, now) - OVERLAP_MS;
  }

  /** Notes a successful poll. */
  succeed(began: Instant, until: number): void {
    this.#began = began;
    this.#until = until;
  }

  /** Forgets the last poll: the next one reads everything. */
  forget(): void {
    this.#began = NEVER;
    this.#until = undefined;
  }
}
