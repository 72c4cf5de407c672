import type { AccessTokenClaims } from './claims.ts';

/** A revocation of access tokens: all of a user's below a generation, or all of a session. */
export type NamedRevocation =
  | { readonly userId: string; readonly generation: number }
  | { readonly sessionId: string };

interface Entry {
  /** The lowest generation that is still valid; unused for sessions. */
  readonly generation: number;
  /** Milliseconds since 1970, by the database's clock. */
  readonly evictAt: number;
}

/**
 * Revocations in memory. It never evicts to make room: an entry that does not fit makes the map overflow, and
 * then it is incomplete.
 */
export class RevocationMap {
  readonly #limit: number;
  readonly #users = new Map<string, Entry>();
  readonly #sessions = new Map<string, Entry>();
  /** Milliseconds since 1970, by this process's clock: no token that was issued until then is valid. */
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

  /** Tells whether one of the revocations applies to this token. */
  revokes({ sub, gen, sid, iat }: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid' | 'iat'>): boolean {
    if (iat * 1_000 <= this.#revokedUntil) return true;
    const user = this.#users.get(sub);
    return (user !== undefined && gen < user.generation) || this.#sessions.has(sid);
  }

  /**
   * Adds a revocation.
   *
   * @param evictAt milliseconds since 1970 by the database's clock, as for {@link evictExpired}
   */
  add(revocation: NamedRevocation, evictAt: number): void {
    const isUser = 'userId' in revocation;
    const [map, key] = isUser ? [this.#users, revocation.userId] : [this.#sessions, revocation.sessionId];
    const known = map.get(key);
    if (known === undefined && this.size >= this.#limit) {
      this.overflow();
      return;
    }
    map.set(key, {
      generation: Math.max(isUser ? revocation.generation : 0, known?.generation ?? 0),
      evictAt: Math.max(evictAt, known?.evictAt ?? 0),
    });
  }

  /** Marks the map as incomplete. */
  overflow(): void {
    this.#overflowed = true;
  }

  /**
   * Revokes every token that was issued until a time.
   *
   * @param until milliseconds since 1970, by this process's clock
   */
  revokeAll(until: number): void {
    this.#revokedUntil = Math.max(this.#revokedUntil, until);
  }

  /** Evicts the entries whose time is over. */
  evictExpired(time: number): void {
    for (const map of [this.#users, this.#sessions])
      for (const [key, { evictAt }] of map) if (evictAt <= time) map.delete(key);
  }

  /** Removes all entries before they are read again. The time of {@link revokeAll} stays. */
  clear(): void {
    this.#users.clear();
    this.#sessions.clear();
    this.#overflowed = false;
  }
}
