import { LRUCache } from 'lru-cache';
import type { AccessTokenClaims } from '../tokens/claims.ts';

/** Tokens. At 1.5 KB each, header and claims, they take some 37 MB. */
const MAX = 25_000;

/**
 * Characters at the end of a header that an entry is filed under: 256 bits of its token's signature, which no two accepted
 * tokens share. To hash the whole header, a new string in each request, would be a third of the guard's time.
 */
const FILED_UNDER = 43;

interface Entry {
  readonly header: string;
  readonly claims: AccessTokenClaims;
}

/**
 * Accepted tokens by their whole Authorization header, so that a signature is verified once. The one that was used least lately
 * makes room for a new one.
 */
export class VerifiedTokens {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX });

  /** How many there may be. */
  get max(): number {
    return this.#entries.max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The claims of a token that was accepted; undefined for every other header, whatever it ends in. */
  get(header: string): AccessTokenClaims | undefined {
    const entry = this.#entries.get(header.slice(-FILED_UNDER));
    return entry !== undefined && entry.header === header ? entry.claims : undefined;
  }

  has(header: string): boolean {
    return this.#entries.peek(header.slice(-FILED_UNDER))?.header === header;
  }

  set(header: string, claims: AccessTokenClaims): void {
    this.#entries.set(header.slice(-FILED_UNDER), { header, claims });
  }

  delete(header: string): void {
    if (this.has(header)) this.#entries.delete(header.slice(-FILED_UNDER));
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The headers. */
  *keys(): Generator<string> {
    for (const { header } of this.#entries.values()) yield header;
  }
}
