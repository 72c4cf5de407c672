import { LRUCache } from 'lru-cache';
import type { AccessTokenClaims } from '../tokens/claims.ts';

/** Number of tokens in the cache. At 1.5 KB each for header and claims, they take some 37 MB. */
const MAX_TOKENS = 25_000;

interface Entry {
  readonly header: string;
  readonly claims: AccessTokenClaims;
}

/**
 * A cache of accepted tokens by their Authorization header, so that a signature is verified once. The least
 * recently used token is evicted first.
 *
 * The key is the signature, the last segment of a token. The whole header would take longer to hash, because
 * it is a new string in each request. But a signature says nothing about the rest of a token, so the whole
 * header must be equal too.
 */
export class VerifiedTokens {
  readonly max = MAX_TOKENS;
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_TOKENS });

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the claims of a token that was accepted; undefined for every other header. */
  get(header: string): AccessTokenClaims | undefined {
    const entry = this.#entries.get(signatureOf(header));
    return entry?.header === header ? entry.claims : undefined;
  }

  /** Tells whether a header is in the cache. This does not count as a use. */
  has(header: string): boolean {
    return this.#entries.peek(signatureOf(header))?.header === header;
  }

  /**
   * Adds a header.
   *
   * @param claims of a token that has passed every check
   */
  set(header: string, claims: AccessTokenClaims): void {
    this.#entries.set(signatureOf(header), { header, claims });
  }

  delete(header: string): void {
    if (this.has(header)) this.#entries.delete(signatureOf(header));
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Iterates over the headers. */
  *keys(): Generator<string> {
    for (const { header } of this.#entries.values()) yield header;
  }
}

/** Returns the text after the last dot; the whole text when there is no dot. */
function signatureOf(header: string): string {
  return header.slice(header.lastIndexOf('.') + 1);
}
