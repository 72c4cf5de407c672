import type { AccessTokenClaims } from '../tokens/claims.ts';

/** Tokens. At 1.5 KB each, header and claims, they take some 37 MB. */
const MAX = 25_000;

/** Of two generations. */
const HALF = MAX / 2;

/** Characters at the end of a header that make the number of its entry: of its token's signature. */
const FILED_UNDER = 8;

interface Entry {
  readonly header: string;
  readonly claims: AccessTokenClaims;
}

/**
 * Accepted tokens by their whole Authorization header, so that a signature is verified once. They are in two generations: a token
 * is put into the new one when it is accepted or used again, and when that is full, the old one is forgotten as a whole and the
 * new one takes its place. So whatever is used stays, a use of it writes nothing, and there are never more than {@link MAX}.
 *
 * An entry is filed under a number: to hash the header, a new string in each request, would be a third of the guard's time. Of two tokens
 * with the same number the later is kept, and the other verified anew (with 25,000 tokens, the chance of any such pair is 7 %).
 */
export class VerifiedTokens {
  /** How many there may be. */
  readonly max = MAX;
  #young = new Map<number, Entry>();
  #old = new Map<number, Entry>();

  /** How many there are. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The claims of a token that was accepted; undefined for every other header, whatever it ends in. */
  get(header: string): AccessTokenClaims | undefined {
    const number = numberOf(header);
    const entry = this.#young.get(number) ?? this.#rejuvenate(number);
    return entry !== undefined && entry.header === header ? entry.claims : undefined;
  }

  has(header: string): boolean {
    const number = numberOf(header);
    return (this.#young.get(number) ?? this.#old.get(number))?.header === header;
  }

  set(header: string, claims: AccessTokenClaims): void {
    const number = numberOf(header);
    this.#old.delete(number);
    this.#add(number, { header, claims });
  }

  delete(header: string): void {
    if (!this.has(header)) return;
    const number = numberOf(header);
    this.#young.delete(number);
    this.#old.delete(number);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  /** The headers. */
  *keys(): Generator<string> {
    for (const generation of [this.#young, this.#old])
      for (const { header } of generation.values()) yield header;
  }

  #rejuvenate(number: number): Entry | undefined {
    const entry = this.#old.get(number);
    if (entry === undefined) return undefined;
    this.#old.delete(number);
    this.#add(number, entry);
    return entry;
  }

  #add(number: number, entry: Entry): void {
    if (this.#young.size >= HALF && !this.#young.has(number)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(number, entry);
  }
}

/** 32 bits of the end of a header. */
function numberOf(header: string): number {
  let number = 0;
  for (let at = header.length - FILED_UNDER; at < header.length; at++)
    number = (Math.imul(number, 31) + header.charCodeAt(at)) | 0;
  return number;
}
