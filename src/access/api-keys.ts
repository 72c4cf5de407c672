import { LRUCache } from 'lru-cache';
import type { FactorLimit } from '../config/second-factor.ts';
import type { Database } from '../db/client.ts';
import { retryLater } from '../problems/problem.ts';
import { networkOf } from '../throttle/network.ts';
import { tooManyAttempts } from '../throttle/reservation.ts';
import { Windows } from '../throttle/windows.ts';
import { readApiKeyId } from '../tokens/api-key.ts';
import type { RevocationFeed } from '../tokens/revocations.ts';
import { type ApiKeyClaims, levelOfKey, toClaims } from './api-key-claims.ts';
import { invalidApiKey } from './challenges.ts';
import { KnownApiKey } from './known-api-key.ts';
import { readApiKey } from './read-api-key.ts';

/** Number of keys in the cache. At 1.2 KB each they take some 30 MB. */
const MAX_KEYS = 25_000;

/** Number of refused keys that are remembered, so that a program that goes on with one reads nothing. */
const MAX_REFUSED = 2_000;

/** Milliseconds after which a key is read again, by either clock. Revocations are kept for longer. */
const MAX_AGE_MS = 15 * 60_000;

/** Wrong keys of one network in a minute. Then keys that this process does not know have to wait. */
const MAX_WRONG_KEYS = 60;
const WINDOW_MS = 60_000;

/** Reads of a key whose owner is changed at the same moment. */
const MAX_READS = 3;

/** The latest use of a key. */
export interface ApiKeyUse {
  readonly at: Date;
  readonly ip: string;
}

/**
 * The API keys that this process knows. A key is read once, at first sight, and then it is checked in memory
 * at each use: against the same revocations as an access token, its own expiry, and the present level of its
 * owner. A demotion raises the owner's generation, and then the key is read again.
 */
export class ApiKeys {
  readonly max = MAX_KEYS;
  readonly #db: Database['db'];
  readonly #revocations: RevocationFeed;
  readonly #limit: FactorLimit | undefined;
  readonly #known = new LRUCache<string, KnownApiKey>({ max: MAX_KEYS });
  /** The headers of keys that were refused for good, each with the `revokedUntil` of that moment. */
  readonly #refused = new LRUCache<string, number>({ maxSize: MAX_REFUSED, sizeCalculation: () => 1 });
  readonly #wrong = new Windows();
  #uses = new Map<string, ApiKeyUse>();

  constructor(db: Database['db'], revocations: RevocationFeed, limit: FactorLimit | undefined) {
    this.#db = db;
    this.#revocations = revocations;
    this.#limit = limit;
  }

  /** Number of keys in memory. */
  get size(): number {
    return this.#known.size;
  }

  /** Returns the key of a header, if it is in memory. */
  find(header: string): KnownApiKey | undefined {
    return this.#known.get(header);
  }

  /**
   * Returns the claims of a key in memory as of now.
   *
   * @returns undefined when the key has to be read: it was read too long ago, something of it or of its owner
   *   was revoked since, or the revocations are stale
   * @throws {Problem} `invalid-token` when it has expired
   */
  claimsOf(known: KnownApiKey): ApiKeyClaims | undefined {
    const now = Date.now();
    const isOld = performance.now() - known.readAt > MAX_AGE_MS || Math.abs(now - known.readOn) > MAX_AGE_MS;
    if (isOld || !this.#revocations.isFresh || this.#isRevoked(known)) return undefined;
    return this.#currentClaims(known, now);
  }

  /**
   * Reads a key from the database.
   *
   * @param ip the client's address, by whose network wrong keys are counted; undefined to count none
   * @throws {Problem} `invalid-token`; `too-many-attempts`; an error of the database
   */
  async read(header: string, key: string, ip?: string): Promise<ApiKeyClaims> {
    for (let reads = 1; reads <= MAX_READS; reads++) {
      const known = await this.#readOnce(header, key, ip);
      // The owner may have been changed between the read and now. Stale revocations know nothing of it; then
      // the row itself, which was read a moment ago, is what counts.
      if (!this.#revocations.isFresh || !this.#isRevoked(known))
        return this.#currentClaims(known, Date.now());
    }
    throw retryLater('busy', 1);
  }

  /** Notes that a key was used. The first use since the last {@link takeUses} counts. */
  noteUse(id: string, ip: () => string): void {
    if (!this.#uses.has(id) && this.#uses.size < MAX_KEYS) this.#uses.set(id, { at: new Date(), ip: ip() });
  }

  /** Returns the uses since the last call. */
  takeUses(): ReadonlyMap<string, ApiKeyUse> {
    const uses = this.#uses;
    this.#uses = new Map();
    return uses;
  }

  /** Puts back uses that could not be written. */
  restoreUses(uses: Iterable<readonly [string, ApiKeyUse]>): void {
    for (const [id, use] of uses) if (!this.#uses.has(id)) this.#uses.set(id, use);
  }

  #isRevoked({ record, revokedUntil }: KnownApiKey): boolean {
    const { id, userId, user } = record;
    return (
      this.#revocations.revokedUntil !== revokedUntil ||
      this.#revocations.revokesKey({ sub: userId, gen: user.generation, key: id })
    );
  }

  #currentClaims(known: KnownApiKey, now: number): ApiKeyClaims {
    if (known.record.expiresAt.getTime() <= now) throw invalidApiKey('expired');
    const access = levelOfKey(known.record, this.#limit, now);
    if (access !== known.claims.access) known.claims = toClaims(known.record, access);
    return known.claims;
  }

  async #readOnce(header: string, key: string, ip: string | undefined): Promise<KnownApiKey> {
    const { revokedUntil } = this.#revocations;
    if (this.#refused.get(header) === revokedUntil) throw invalidApiKey('refused before');
    // A key that was right before does not wait for the wrong ones of its network.
    if (!this.#known.has(header)) this.#requireAllowed(ip);
    const read = { at: performance.now(), on: Date.now(), revokedUntil };
    const id = readApiKeyId(key);
    if (id === undefined) throw this.#refuse(ip, 'malformed');
    this.#revocations.askForPoll();
    const row = await readApiKey(this.#db, id, key);
    if (typeof row === 'string') {
      this.#known.delete(header);
      // A service account may be enabled again, and its key is right: it is neither remembered nor counted.
      if (row === 'disabled') throw invalidApiKey(row);
      this.#refused.set(header, revokedUntil);
      throw this.#refuse(ip, row);
    }
    const known = new KnownApiKey(row, header, read, levelOfKey(row, this.#limit, read.on));
    this.#known.set(header, known);
    return known;
  }

  #requireAllowed(ip: string | undefined): void {
    if (ip === undefined) return;
    const { count, left } = this.#wrong.read(networkOf(ip), WINDOW_MS);
    if (count >= MAX_WRONG_KEYS) throw tooManyAttempts(left);
  }

  #refuse(ip: string | undefined, reason: string) {
    if (ip !== undefined) this.#wrong.add(networkOf(ip), WINDOW_MS);
    return invalidApiKey(reason);
  }
}
