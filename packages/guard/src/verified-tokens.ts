import { LRUCache } from 'lru-cache';
import type { Claims } from './claims.ts';

/** Tokens whose signature was verified. At 1.5 KB each they take some 15 MB. */
const MAX_TOKENS = 10_000;

/** A token whose signature was verified. */
export interface Verified {
  readonly claims: Claims;
  readonly kid: string;
}

interface Entry extends Verified {
  readonly header: string;
}

/**
 * Accepted tokens by their header, so that a signature is verified once. The key is the signature: the whole
 * header takes longer to hash, and is a new string in each request. A signature says nothing about the rest
 * of a token, so the whole header must be equal too.
 */
export class VerifiedTokens {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_TOKENS });

  get(header: string): Verified | undefined {
    const entry = this.#entries.get(signatureOf(header));
    return entry?.header === header ? entry : undefined;
  }

  /** @param verified that has passed every check */
  set(header: string, { claims, kid }: Verified): void {
    this.#entries.set(signatureOf(header), { header, claims, kid });
  }
}

function signatureOf(header: string): string {
  return header.slice(header.lastIndexOf('.') + 1);
}
