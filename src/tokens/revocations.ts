import type { Database } from '../db/client.ts';
import { withDeadline } from '../db/deadline.ts';
import { instant } from '../lib/instant.ts';
import type { AccessTokenClaims } from './claims.ts';
import type { DatedEntry } from './feed-entry.schemas.ts';
import { PollClock } from './poll-clock.ts';
import { RevocationLog } from './revocation-log.ts';
import { RETENTION_MS, RevocationMap } from './revocation-map.ts';
import { type Revocation, type RevocationRow, toRow } from './revocation-row.ts';

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
  /** The revocations in the order in which this process learnt of them, for the readers of the feed. */
  readonly log = new RevocationLog();
  /** The time of the last successful poll. */
  readonly clock = new PollClock();
  #polling: Promise<void> | undefined;
  #wasAsked = false;
  #onConfirm = () => {};
  #onNews = () => {};

  constructor(database: FeedDatabase, limit = MAX_ENTRIES) {
    this.#database = database;
    this.#limit = limit;
    this.#known = new RevocationMap(limit);
  }

  /** True when the revocations in memory are complete and recent. When it is false, ask {@link confirm}. */
  get isFresh(): boolean {
    return this.clock.isRecent && !this.#known.overflowed;
  }

  /** False after an overflow, until all revocations fit into the memory again. */
  get isComplete(): boolean {
    return !this.#known.overflowed;
  }

  /** Milliseconds since the last successful poll began, by either clock; infinite before the first one. */
  get age(): number {
    return this.clock.age;
  }

  /** Milliseconds by which this process's clock is ahead of the database's, at the last successful poll. */
  get clockSkew(): number {
    return this.clock.skew;
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

  /** No token that was issued until then is valid: it changes when all tokens are revoked. */
  get revokedUntil(): number {
    return this.#known.revokedUntil;
  }

  /** Tells whether a revocation in memory applies to an API key or to its owner: then it is read again. */
  revokesKey(key: Parameters<RevocationMap['revokesKey']>[0]): boolean {
    this.#wasAsked = true;
    return this.#known.revokesKey(key);
  }

  /** Has the feed polled again, for a guard that reads rows. */
  askForPoll(): void {
    this.#onConfirm();
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

  /** Iterates over the revocations in memory, in the form of the feed. */
  entries(): Iterable<DatedEntry> {
    return this.#known.entries();
  }

  /** Sets the function that is called after each successful poll, and when this process revokes something. */
  onNews(listener: () => void): void {
    this.#onNews = listener;
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
    if (revocations.length > 0) this.#onNews();
  }

  #add(row: RevocationRow): void {
    const entry = this.#remember(row);
    if (entry !== undefined) this.log.append(entry);
  }

  #remember({ userId, generation, sessionId, createdAt }: RevocationRow) {
    const date = createdAt.getTime();
    if (sessionId !== null) return this.#known.add({ sessionId }, date);
    if (userId !== null)
      return generation === null ? undefined : this.#known.add({ userId, generation }, date);
    return this.#known.revokeAll(date);
  }

  /**
   * Reads the revocations since the last poll; the first time, those of {@link RETENTION_MS}. A call during a
   * poll shares it.
   *
   * @throws when the database is unavailable; the revocations in memory stay, and are stale after {@link
   *   PollClock}
   */
  poll(): Promise<void> {
    // One at a time: a poll that ends during the reload of another would make an empty map fresh.
    this.#polling ??= this.#read().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  async #read(): Promise<void> {
    const began = instant();
    const now = await this.clock.read(this.#database);
    if (this.#known.overflowed) await this.#reload(now);
    // Raw SQL: with a limit and no order, Prisma searches for the first rows by id, past all that are kept.
    const rows = await this.#database.control.raw.query<RevocationRow>`
      SELECT "userId", "generation", "sessionId", "createdAt" FROM "Revocation"
      WHERE "createdAt" >= ${new Date(this.clock.since(now))} LIMIT ${this.#limit + 1}`;
    for (const row of rows) this.#add(row);
    if (rows.length > this.#limit) this.#known.overflow();
    this.clock.succeed(began, now);
    this.#onNews();
  }

  /**
   * Evicts the revocations whose tokens have all expired by the clocks of the process and of the database:
   * one of them may be set back again.
   */
  evictExpired(): void {
    this.#known.evictExpired(Math.min(Date.now(), this.clock.until ?? 0));
  }

  /** Reloads the map after an overflow, when it is incomplete, as soon as all revocations fit. */
  async #reload(now: number): Promise<void> {
    const live = await this.#database.control.raw.query<unknown>`
      SELECT 1 FROM "Revocation" WHERE "createdAt" >= ${new Date(now - RETENTION_MS)} LIMIT ${this.#limit + 1}`;
    if (live.length > this.#limit) return;
    this.#known.clear();
    // Nothing is known until the rows have been read: the last poll must not make an empty map fresh.
    this.clock.forget();
  }
}
