import type { AccessTokenClaims } from './claims.ts';
import type { DatedEntry, FeedEntry } from './feed-entry.schemas.ts';

/**
 * A revocation of access tokens: all of a user's below a generation, or all of a session. Of an API key,
 * `sessionId` is its id. Both are UUIDv7 and never the same, and processes of an earlier version know no
 * other.
 */
export type NamedRevocation =
  | { readonly userId: string; readonly generation: number }
  | { readonly sessionId: string };

/**
 * Milliseconds for which a revocation is kept: the longest lifetime of an access token, and a minute because
 * clocks differ.
 */
export const RETENTION_MS = 3_600_000 + 60_000;

interface Entry {
  /** The lowest generation that is still valid; unused for sessions. */
  readonly generation: number;
  /** Milliseconds since 1970, by the database's clock. */
  readonly evictAt: number;
  /**
   * By performance.now(). A clock that is set forward makes the time of `evictAt` come too early, and it may
   * be set back.
   */
  readonly keptUntil: number;
}

/**
 * Revocations in memory. It never evicts to make room: an entry that does not fit makes the map overflow, and
 * then it is incomplete.
 */
export class RevocationMap {
  readonly #limit: number;
  readonly #users = new Map<string, Entry>();
  readonly #sessions = new Map<string, Entry>();
  /** Milliseconds since 1970, by the database's clock: no token that was issued until then is valid. */
  #revokedUntil = Number.NEGATIVE_INFINITY;
  #overflowed = false;

  /** @param limit entries that fit */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#users.size + this.#sessions.size;
  }

  /** True when an entry did not fit. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** No token that was issued until then is valid: milliseconds since 1970, by the database's clock. */
  get revokedUntil(): number {
    return this.#revokedUntil;
  }

  /** Tells whether something of an API key or of its owner was revoked: it has to be read again. */
  revokesKey({
    sub,
    gen,
    key,
  }: {
    readonly sub: string;
    readonly gen: number;
    readonly key: string;
  }): boolean {
    const user = this.#users.get(sub);
    return (user !== undefined && gen < user.generation) || this.#sessions.has(key);
  }

  /** Tells whether one of the revocations applies to this token. */
  revokes({ sub, gen, sid, iat }: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid' | 'iat'>): boolean {
    if (iat * 1_000 <= this.#revokedUntil) return true;
    const user = this.#users.get(sub);
    return (user !== undefined && gen < user.generation) || this.#sessions.has(sid);
  }

  /**
   * Adds a revocation.
   *
   * @param createdAt its date: milliseconds since 1970 by the database's clock
   * @returns the entry for the readers of the feed; undefined when it was known, or did not fit
   */
  add(revocation: NamedRevocation, createdAt: number): FeedEntry | undefined {
    const isUser = 'userId' in revocation;
    const [map, key] = isUser ? [this.#users, revocation.userId] : [this.#sessions, revocation.sessionId];
    const known = map.get(key);
    if (known === undefined && this.size >= this.#limit) {
      this.overflow();
      return undefined;
    }
    const generation = Math.max(isUser ? revocation.generation : 0, known?.generation ?? 0);
    const evictAt = Math.max(createdAt + RETENTION_MS, known?.evictAt ?? 0);
    // Each row is read by several polls. It is kept from the first one on.
    if (known?.generation === generation && known.evictAt === evictAt) return undefined;
    map.set(key, { generation, evictAt, keptUntil: performance.now() + RETENTION_MS });
    return isUser ? userEntry(key, { generation, evictAt }) : sessionEntry(key, { evictAt });
  }

  /** Iterates over all revocations, in the form of the feed. */
  *entries(): Generator<DatedEntry> {
    const date = this.#revokedUntil;
    if (Number.isFinite(date)) yield { entry: entryOfAll(date), date };
    for (const [id, kept] of this.#users)
      yield { entry: userEntry(id, kept), date: kept.evictAt - RETENTION_MS };
    for (const [id, kept] of this.#sessions)
      yield { entry: sessionEntry(id, kept), date: kept.evictAt - RETENTION_MS };
  }

  /** Marks the map as incomplete. */
  overflow(): void {
    this.#overflowed = true;
  }

  /**
   * Revokes every token that was issued until a time.
   *
   * @param until milliseconds since 1970, by the database's clock
   * @returns as {@link add}
   */
  revokeAll(until: number): FeedEntry | undefined {
    if (until <= this.#revokedUntil) return undefined;
    this.#revokedUntil = until;
    return entryOfAll(until);
  }

  /**
   * Evicts the entries whose time is over.
   *
   * @param time milliseconds since 1970, by the database's clock
   */
  evictExpired(time: number): void {
    const elapsed = performance.now();
    for (const map of [this.#users, this.#sessions])
      for (const [key, { evictAt, keptUntil }] of map)
        if (evictAt <= time && keptUntil <= elapsed) map.delete(key);
  }

  /** Removes all entries before they are read again. The time of {@link revokeAll} stays. */
  clear(): void {
    this.#users.clear();
    this.#sessions.clear();
    this.#overflowed = false;
  }
}

const toSeconds = (milliseconds: number) => Math.ceil(milliseconds / 1_000);

function userEntry(id: string, { generation, evictAt }: Pick<Entry, 'generation' | 'evictAt'>): FeedEntry {
  return { kind: 'user', id, generation, until: toSeconds(evictAt) };
}

function sessionEntry(id: string, { evictAt }: Pick<Entry, 'evictAt'>): FeedEntry {
  return { kind: 'session', id, until: toSeconds(evictAt) };
}

/** @param until as {@link RevocationMap.revokeAll} */
function entryOfAll(until: number): FeedEntry {
  return {
    kind: 'everybody',
    issuedUntil: Math.floor(until / 1_000),
    until: toSeconds(until + RETENTION_MS),
  };
}
