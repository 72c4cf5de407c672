import { CLOCK_TOLERANCE_MS, type Database } from '../db/client.ts';
import { withDeadline } from '../db/deadline.ts';
import type { AccessTokenClaims } from './claims.ts';
import { RETENTION_MS, RevocationMap } from './revocation-map.ts';
import { type Revocation, type RevocationRow, toRow } from './revocation-row.ts';

/** Milliseconds for which a feed is fresh after the beginning of its last successful poll. */
export const MAX_STALENESS_MS = 2_000;

/**
 * Milliseconds by which a poll overlaps the poll before it. A row has the time when it is written, but is
 * visible when its transaction commits, up to TRANSACTION_TIMEOUT_MS later. Rows with a later time may be
 * visible before it.
 */
const OVERLAP_MS = 30_000;

/**
 * Timeout of a read by {@link RevocationFeed.confirm}. An unavailable database would keep the request for
 * longer than clients wait.
 */
const CONFIRM_TIMEOUT_MS = 1_000;

/**
 * Entries of the map. At 150 bytes each it stays below 30 MB. On an overflow, the rows are read from the
 * database instead.
 */
const MAX_ENTRIES = 200_000;

/**
 * The connections of a feed. Polls have their own connection; other reads use those of the requests that wait
 * for them.
 */
type FeedDatabase = Pick<Database, 'db' | 'control' | 'now'>;

/**
 * The revocations of the last hour, in memory. The guard asks it instead of the database. Every process polls
 * for the revocations of the others while requests come (jobs.ts); its own apply as soon as they are
 * committed.
 */
export class RevocationFeed {
  readonly #database: FeedDatabase;
  readonly #limit: number;
  readonly #known: RevocationMap;
  /** performance.now() when the last successful poll began. */
  #polledAt = Number.NEGATIVE_INFINITY;
  /** The database's time at the last successful poll, in milliseconds since 1970. */
  #polledUntil: number | undefined;
  #clockSkew = 0;
  /** Date.now() minus performance.now(), at the last successful poll. */
  #wallOffset = 0;
  #polling: Promise<void> | undefined;
  #wasAsked = false;
  #onConfirm = () => {};

  constructor(database: FeedDatabase, limit = MAX_ENTRIES) {
    this.#database = database;
    this.#limit = limit;
    this.#known = new RevocationMap(limit);
  }

  /**
   * True when the revocations in memory are complete and recent. When it is false, ask {@link confirm}. With
   * a clock that is behind, tokens live longer than their revocations are kept. That begins when the clock is
   * set, before the next poll.
   */
  get isFresh(): boolean {
    const elapsed = performance.now();
    return (
      elapsed - this.#polledAt <= MAX_STALENESS_MS &&
      !this.#known.overflowed &&
      Math.abs(this.#clockSkew) <= CLOCK_TOLERANCE_MS &&
      Math.abs(Date.now() - elapsed - this.#wallOffset) <= CLOCK_TOLERANCE_MS
    );
  }

  /** Milliseconds since the last successful poll began; infinite before the first one. */
  get age(): number {
    return performance.now() - this.#polledAt;
  }

  /** Milliseconds by which this process's clock is ahead of the database's, at the last successful poll. */
  get clockSkew(): number {
    return this.#clockSkew;
  }

  /** Number of revocations in memory. */
  get size(): number {
    return this.#known.size;
  }

  /** Tells whether a revocation in memory applies to this token. */
  revokes(claims: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid' | 'iat'>): boolean {
    this.#wasAsked = true;
    return this.#known.revokes(claims);
  }

  /** Tells whether a guard asked since the last call. In a host app, not every request passes our hooks. */
  takeAsked(): boolean {
    const wasAsked = this.#wasAsked;
    this.#wasAsked = false;
    return wasAsked;
  }

  /** Sets the function that is called when a guard reads the rows: the feed should be polled again. */
  onConfirm(listener: () => void): void {
    this.#onConfirm = listener;
  }

  /**
   * Reads the rows: checks that the user is enabled, the generation is the same and the session has not
   * ended.
   *
   * @throws when the database is unavailable, or does not answer within {@link CONFIRM_TIMEOUT_MS}
   */
  async confirm({ sub, gen, sid }: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid'>): Promise<boolean> {
    this.#onConfirm();
    const reading = this.#database.db.session.findUnique({
      where: { id: sid, userId: sub },
      select: { epoch: true, user: { select: { disabled: true, generation: true, epoch: true } } },
    });
    const session = await withDeadline(reading, CONFIRM_TIMEOUT_MS);
    return (
      session !== null &&
      !session.user.disabled &&
      session.user.generation === gen &&
      session.user.epoch === session.epoch
    );
  }

  /**
   * Adds the revocations that this process has committed.
   *
   * @param createdAt the date of their rows
   */
  apply(revocations: readonly Revocation[], createdAt: Date): void {
    for (const revocation of revocations) this.#add(toRow(revocation, createdAt));
  }

  #add({ userId, generation, sessionId, createdAt }: RevocationRow): void {
    const date = createdAt.getTime();
    if (sessionId !== null) this.#known.add({ sessionId }, date);
    else if (userId !== null && generation !== null) this.#known.add({ userId, generation }, date);
    else if (userId === null) this.#known.revokeAll(date);
  }

  /**
   * Reads the revocations since the last poll; the first time, those of {@link RETENTION_MS}. A call during a
   * poll shares it.
   *
   * @throws when the database is unavailable; the revocations in memory stay, and are stale after {@link
   *   MAX_STALENESS_MS}
   */
  poll(): Promise<void> {
    // One at a time: a poll that ends during the reload of another would make an empty map fresh.
    this.#polling ??= this.#read().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  async #read(): Promise<void> {
    const began = performance.now();
    const now = await this.#readTime();
    if (this.#known.overflowed) await this.#reload(now);
    // Raw SQL: with a limit and no order, Prisma searches for the first rows by id, past all that are kept.
    const rows = await this.#database.control.raw.query<RevocationRow>`
      SELECT "userId", "generation", "sessionId", "createdAt" FROM "Revocation"
      WHERE "createdAt" >= ${new Date(this.#since(now))} LIMIT ${this.#limit + 1}`;
    for (const row of rows) this.#add(row);
    if (rows.length > this.#limit) this.#known.overflow();
    this.#polledUntil = now;
    this.#polledAt = began;
  }

  /**
   * Evicts the revocations whose tokens have all expired by the clocks of the process and of the database:
   * one of them may be set back again.
   */
  evictExpired(): void {
    this.#known.evictExpired(Math.min(Date.now(), this.#polledUntil ?? 0));
  }

  /**
   * Returns the time from which the next poll reads. When the database's clock was set back, it is the
   * beginning: revocations that were evicted while the clock was ahead, or not read by a process that started
   * then, apply to tokens that are valid again.
   */
  #since(now: number): number {
    if (this.#polledUntil === undefined || now < this.#polledUntil - OVERLAP_MS) return now - RETENTION_MS;
    return Math.min(this.#polledUntil, now) - OVERLAP_MS;
  }

  /** @returns milliseconds since 1970 by the database's clock */
  async #readTime(): Promise<number> {
    const before = Date.now();
    const now = (await this.#database.now(this.#database.control)).getTime();
    const after = Date.now();
    this.#wallOffset = after - performance.now();
    this.#clockSkew = (before + after) / 2 - now;
    return now;
  }

  /** Reloads the map after an overflow, when it is incomplete, as soon as all revocations fit. */
  async #reload(now: number): Promise<void> {
    const live = await this.#database.control.raw.query<unknown>`
      SELECT 1 FROM "Revocation" WHERE "createdAt" >= ${new Date(now - RETENTION_MS)} LIMIT ${this.#limit + 1}`;
    if (live.length > this.#limit) return;
    this.#known.clear();
    this.#polledUntil = undefined;
    // Nothing is known until the rows have been read: the last poll must not make an empty map fresh.
    this.#polledAt = Number.NEGATIVE_INFINITY;
  }
}
