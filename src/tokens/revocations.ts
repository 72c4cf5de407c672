import { CLOCK_TOLERANCE_MS, type Database } from '../db/client.ts';
import { withDeadline } from '../db/deadline.ts';
import { newId } from '../lib/id.ts';
import type { AccessTokenClaims } from './claims.ts';
import { type NamedRevocation, RevocationMap } from './revocation-map.ts';

/** What ends the validity of access tokens: all of a user's below a generation, all of a session, or all that there are. */
export type Revocation = NamedRevocation | { readonly allUsers: true };

/** A revocation's row, which names nobody where it is everybody's. */
export function toRow(revocation: Revocation, createdAt: Date) {
  return {
    id: newId(createdAt),
    userId: null,
    generation: null,
    sessionId: null,
    ...('allUsers' in revocation ? {} : revocation),
    createdAt,
  };
}

/** Milliseconds for which a feed is trusted after the beginning of its last good poll. */
export const MAX_STALENESS_MS = 2_000;

/**
 * Milliseconds that a poll looks back behind the poll before it. A row is dated when it is written and seen when its
 * transaction commits, which is up to TRANSACTION_TIMEOUT_MS later; in the meantime, later rows are seen before it.
 */
const OVERLAP = 30_000;

/** Milliseconds that a request waits for its rows to be read. A database that is away would keep it for longer than anybody waits. */
const CONFIRM_PATIENCE_MS = 1_000;

/** Milliseconds for which a revocation is remembered: the longest lifetime of an access token, and a minute for clocks. */
const RETENTION_MS = 3_600_000 + 60_000;

/** Entries of the map. At 150 bytes each it stays below 30 MB; what does not fit is read from the database instead. */
const LIMIT = 200_000;

/** Polls have a connection of their own; rows are read over those of the requests that wait for them. */
type FeedDatabase = Pick<Database, 'db' | 'control' | 'now'>;

/** What a revocation's row says. */
type RevocationRow = Pick<ReturnType<typeof toRow>, 'userId' | 'generation' | 'sessionId' | 'createdAt'>;

/**
 * The revocations of the last hour, in memory: what the guard asks instead of the database.
 * Every process polls for those of the others (jobs.ts); its own apply as soon as they are committed.
 */
export class RevocationFeed {
  readonly #database: FeedDatabase;
  readonly #limit: number;
  readonly #known: RevocationMap;
  /** performance.now() when the last good poll began. */
  #polledAt = Number.NEGATIVE_INFINITY;
  /** The database's time at the last good poll, in milliseconds since 1970. */
  #polledUntil: number | undefined;
  #clockSkew = 0;

  constructor(database: FeedDatabase, limit = LIMIT) {
    this.#database = database;
    this.#limit = limit;
    this.#known = new RevocationMap(limit);
  }

  /**
   * Whether what is in memory is all there is to know. If not, ask {@link confirm}. By a clock that is behind, tokens live longer
   * than their revocations are remembered.
   */
  get isFresh(): boolean {
    return (
      performance.now() - this.#polledAt <= MAX_STALENESS_MS &&
      !this.#known.overflowed &&
      Math.abs(this.#clockSkew) <= CLOCK_TOLERANCE_MS
    );
  }

  /** Milliseconds since the last good poll began; infinite before the first one. */
  get age(): number {
    return performance.now() - this.#polledAt;
  }

  /** Milliseconds by which this process's clock is ahead of the database's, as of the last good poll. */
  get clockSkew(): number {
    return this.#clockSkew;
  }

  /** Number of revocations in memory. */
  get size(): number {
    return this.#known.size;
  }

  /** Whether a revocation in memory ends this token. */
  revokes(claims: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid' | 'iat'>): boolean {
    return this.#known.revokes(claims);
  }

  /**
   * Reads the rows themselves: whether the user is enabled, the generation is the same and the session is alive.
   *
   * @throws when the database is away, or does not answer in {@link CONFIRM_PATIENCE_MS}
   */
  async confirm({ sub, gen, sid }: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid'>): Promise<boolean> {
    const reading = this.#database.db.session.findUnique({
      where: { id: sid, userId: sub },
      select: { epoch: true, user: { select: { disabled: true, generation: true, epoch: true } } },
    });
    const session = await withDeadline(reading, CONFIRM_PATIENCE_MS);
    return (
      session !== null &&
      !session.user.disabled &&
      session.user.generation === gen &&
      session.user.epoch === session.epoch
    );
  }

  /** Remembers what this process has committed. */
  apply(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) {
      if ('allUsers' in revocation) this.#known.revokeAll(Date.now());
      else this.#known.add(revocation, Date.now() + RETENTION_MS);
    }
  }

  /**
   * Reads what has been revoked since the poll before, or, the first time, within the memory's time.
   *
   * @throws when the database is away; what is in memory stays, and is no longer trusted after {@link MAX_STALENESS_MS}
   */
  async poll(): Promise<void> {
    const began = performance.now();
    const now = await this.#readTime();
    if (this.#known.overflowed) await this.#reload(now);
    // By hand: where there is a limit and no order, Prisma has the first by their ids looked for, past all that are kept.
    const rows = await this.#database.control.raw.query<RevocationRow>`
      SELECT "userId", "generation", "sessionId", "createdAt" FROM "Revocation"
      WHERE "createdAt" >= ${new Date(this.#since(now))} LIMIT ${this.#limit + 1}`;
    for (const { userId, generation, sessionId, createdAt } of rows) {
      const evictAt = createdAt.getTime() + RETENTION_MS;
      if (sessionId !== null) this.#known.add({ sessionId }, evictAt);
      else if (userId !== null && generation !== null) this.#known.add({ userId, generation }, evictAt);
      else if (userId === null) this.#known.revokeAll(createdAt.getTime() + this.#clockSkew);
    }
    if (rows.length > this.#limit) this.#known.overflow();
    this.#polledUntil = now;
    this.#polledAt = began;
  }

  /** Forgets what no token can be alive of, by either clock: one of them may be set back again. */
  evictExpired(): void {
    this.#known.evictExpired(Math.min(Date.now(), this.#polledUntil ?? 0));
  }

  /**
   * Where the next poll begins to read. When the database's clock was set back, at the beginning: what was forgotten while it was
   * ahead, or not read by a process that started then, has tokens that are alive again.
   */
  #since(now: number): number {
    if (this.#polledUntil === undefined || now < this.#polledUntil - OVERLAP) return now - RETENTION_MS;
    return Math.min(this.#polledUntil, now) - OVERLAP;
  }

  /** @returns milliseconds since 1970 by the database's clock */
  async #readTime(): Promise<number> {
    const before = Date.now();
    const now = (await this.#database.now(this.#database.control)).getTime();
    this.#clockSkew = (before + Date.now()) / 2 - now;
    return now;
  }

  /** After an overflow, what is in memory has gaps: it is read anew as soon as all of it fits. */
  async #reload(now: number): Promise<void> {
    const live = await this.#database.control.raw.query<unknown>`
      SELECT 1 FROM "Revocation" WHERE "createdAt" >= ${new Date(now - RETENTION_MS)} LIMIT ${this.#limit + 1}`;
    if (live.length > this.#limit) return;
    this.#known.clear();
    this.#polledUntil = undefined;
    // Until the rows have been read, nothing is known: the poll before is no reason to trust an empty map.
    this.#polledAt = Number.NEGATIVE_INFINITY;
  }
}
