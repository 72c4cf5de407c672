import { LRUCache } from 'lru-cache';
import { isApiKey } from './api-key.ts';
import { type Clocks, type Instant, instantOf } from './clocks.ts';
import type { KeyAnswer } from './key-answer.ts';
import { KnownKey } from './known-key.ts';
import { Limiter } from './limiter.ts';
import type { Revocations } from './revocations.ts';

/** Number of keys in memory. At 1 KB each they take some 10 MB. */
const MAX_KEYS = 10_000;

/** Number of keys that are remembered because Latchkey did not know them, and for how long. */
const MAX_REFUSED = 10_000;
const REFUSED_MS = 10_000;

/** Milliseconds after which Latchkey is asked again, by either clock. Revocations are kept for longer. */
const MAX_AGE_MS = 15 * 60_000;

/** Requests for a key whose owner is changed at the same moment. */
const MAX_REQUESTS = 3;

interface Parts {
  readonly clocks: Clocks;
  readonly revocations: Revocations;
  /** Asks Latchkey. @throws when it does not answer */
  readonly introspect: (key: string) => Promise<KeyAnswer | undefined>;
}

/**
 * The API keys that this guard knows. Latchkey is asked at first sight. From then on a key is compared with
 * the revocations at each use, as a token is: after a change of its owner Latchkey is asked again, for the key
 * may go on at another level.
 */
export class ApiKeys {
  readonly #parts: Parts;
  readonly #limiter: Limiter;
  readonly #known = new LRUCache<string, KnownKey>({ max: MAX_KEYS });
  /** By key: when Latchkey did not know it. */
  readonly #refused = new LRUCache<string, Instant>({ max: MAX_REFUSED });
  readonly #asking = new Map<string, Promise<boolean>>();
  #era = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#limiter = new Limiter(() => parts.clocks.monotonic());
  }

  /** Number of keys in memory. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Returns a key that is valid at this moment.
   *
   * @returns `refused` for one that is not, without a request; undefined when Latchkey has to be asked
   */
  find(key: string): KnownKey | 'refused' | undefined {
    this.#empty();
    const { clocks, revocations } = this.#parts;
    const known = this.#known.get(key);
    if (known === undefined) return this.#isRefused(key) ? 'refused' : undefined;
    const { answer, askedAt } = known;
    if (answer.exp * 1_000 <= clocks.wall() || revocations.endsKey(answer.key)) return 'refused';
    if (this.#isOlder(askedAt, MAX_AGE_MS) || revocations.isBehind(answer)) return undefined;
    return known;
  }

  /**
   * Asks Latchkey for a key, and again when a change arrives at the same moment.
   *
   * @returns `refused` for a key that is not valid; undefined when that is not known: there are too many
   *   requests, or its owner is changed all the time
   * @throws when Latchkey does not answer
   */
  async ask(key: string): Promise<KnownKey | 'refused' | undefined> {
    for (let requests = 1; requests <= MAX_REQUESTS; requests++) {
      if (!(await this.#askOnce(key))) return undefined;
      const found = this.find(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Asks once for all requests that wait for the same key. */
  #askOnce(key: string): Promise<boolean> {
    const asking =
      this.#asking.get(key) ?? this.#introspect(key).finally(() => void this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  /** @returns false when no request was sent */
  async #introspect(key: string): Promise<boolean> {
    const { clocks, revocations, introspect } = this.#parts;
    const { era } = revocations;
    const sent = await this.#limiter.run(this.#known.has(key), async () => {
      const askedAt = instantOf(clocks);
      return { askedAt, answer: await introspect(key) };
    });
    if (sent === undefined) return false;
    // What was read before everything was revoked says nothing.
    if (era === revocations.era) this.#keep(key, sent.answer, sent.askedAt);
    return true;
  }

  #keep(key: string, answer: KeyAnswer | undefined, askedAt: Instant): void {
    if (answer !== undefined) {
      this.#refused.delete(key);
      this.#known.set(key, new KnownKey(answer, askedAt));
      return;
    }
    this.#limiter.countWrong();
    this.#known.delete(key);
    this.#refused.set(key, askedAt);
  }

  /** Empties the memory after a revocation of everything, and when some may have been missed. */
  #empty(): void {
    const { era } = this.#parts.revocations;
    if (era === this.#era) return;
    this.#era = era;
    this.#known.clear();
    this.#refused.clear();
  }

  #isRefused(key: string): boolean {
    const refusedAt = this.#refused.get(key);
    return (refusedAt !== undefined && !this.#isOlder(refusedAt, REFUSED_MS)) || !isApiKey(key);
  }

  #isOlder({ monotonic, wall }: Instant, milliseconds: number): boolean {
    const now = instantOf(this.#parts.clocks);
    return now.monotonic - monotonic > milliseconds || Math.abs(now.wall - wall) > milliseconds;
  }
}
