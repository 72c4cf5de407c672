import type { AccessTokenClaims } from './claims.ts';

/** What ends the validity of access tokens: all of a user's below a generation, or all of a session. */
export type NamedRevocation =
  | { readonly userId: string; readonly generation: number }
  | { readonly sessionId: string };

interface Remembered {
  /** The lowest generation that is still valid; unused for sessions. */
  readonly generation: number;
  /** Milliseconds since 1970, by the database's clock. */
  readonly evictAt: number;
}

/** Revocations in memory. It never evicts: what does not fit makes it overflow, and then it has gaps. */
export class RevocationMap {
  readonly #limit: number;
  readonly #users = new Map<string, Remembered>();
  readonly #sessions = new Map<string, Remembered>();
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

  /** Whether something did not fit. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Whether one of them ends this token. */
  revokes({ sub, gen, sid, iat }: Pick<AccessTokenClaims, 'sub' | 'gen' | 'sid' | 'iat'>): boolean {
    if (iat * 1_000 <= this.#revokedUntil) return true;
    const user = this.#users.get(sub);
    return (user !== undefined && gen < user.generation) || this.#sessions.has(sid);
  }

  /** @param evictAt milliseconds since 1970 by the database's clock, as of {@link evictExpired} */
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

  /** Says that there are more than were added. */
  overflow(): void {
    this.#overflowed = true;
  }

  /** Ends every token that was issued until then. @param until milliseconds since 1970, by this process's clock */
  revokeAll(until: number): void {
    this.#revokedUntil = Math.max(this.#revokedUntil, until);
  }

  /** Forgets what was to be remembered until then. */
  evictExpired(time: number): void {
    for (const map of [this.#users, this.#sessions])
      for (const [key, { evictAt }] of map) if (evictAt <= time) map.delete(key);
  }

  /** Makes room for all that is read anew. What has ended every token stays. */
  clear(): void {
    this.#users.clear();
    this.#sessions.clear();
    this.#overflowed = false;
  }
}
