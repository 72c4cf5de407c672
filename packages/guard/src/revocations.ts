import type { Instant } from './clocks.ts';
import type { FeedEntry } from './contract.ts';

/** Milliseconds for which an entry is kept after its time: clocks differ. */
const MARGIN_MS = 60_000;

/** The claims that a revocation is about. */
export interface Revocable {
  readonly sub: string;
  readonly sid: string;
  readonly gen: number;
  readonly iat: number;
}

interface FeedEntries {
  readonly entries: readonly FeedEntry[];
  /** The time of the service: milliseconds since 1970. */
  readonly time: number;
}

interface Kept {
  readonly generation: number;
  /** The moment from which it may be forgotten, by both clocks. */
  readonly until: Instant;
}

/** What is no longer valid, in memory. It is never shortened to make room. */
export class Revocations {
  readonly #limit: number;
  readonly #users = new Map<string, Kept>();
  readonly #sessions = new Map<string, Kept>();
  #issuedUntil = Number.NEGATIVE_INFINITY;
  #hasOverflowed = false;
  #era = 0;

  /** @param limit entries that fit */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#users.size + this.#sessions.size;
  }

  /** True when an entry did not fit: then something is missing. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed;
  }

  /** Changes when everything was revoked, and when something may have been missed: API keys are asked for anew. */
  get era(): number {
    return this.#era;
  }

  /** Begins another era. */
  beginEra(): void {
    this.#era++;
  }

  /** Tells whether the owner of an API key was changed: the key may go on at another level. */
  isBehind({ sub, gen }: Pick<Revocable, 'sub' | 'gen'>): boolean {
    const user = this.#users.get(sub);
    return user !== undefined && gen < user.generation;
  }

  /** Tells whether an API key has ended. The ids of keys and of sessions are never the same. */
  endsKey(id: string): boolean {
    return this.#sessions.has(id);
  }

  revokes({ sub, sid, gen, iat }: Revocable): boolean {
    return iat <= this.#issuedUntil || this.isBehind({ sub, gen }) || this.#sessions.has(sid);
  }

  /**
   * Adds the entries of an answer.
   *
   * @returns false when there is one of an unknown kind
   */
  add({ entries, time }: FeedEntries, now: Instant): boolean {
    let areKnown = true;
    for (const entry of entries) areKnown = this.#addOne(entry, time, now) && areKnown;
    return areKnown;
  }

  #addOne(entry: FeedEntry, time: number, now: Instant): boolean {
    const untilMs = entry.until * 1_000;
    const until = {
      monotonic: now.monotonic + Math.max(0, untilMs - time) + MARGIN_MS,
      wall: untilMs + MARGIN_MS,
    };
    switch (entry.kind) {
      case 'user':
        this.#keep(this.#users, entry.id, { generation: entry.generation, until });
        return true;
      case 'session':
        this.#keep(this.#sessions, entry.id, { generation: 0, until });
        return true;
      case 'everybody':
        if (entry.issuedUntil > this.#issuedUntil) this.beginEra();
        this.#issuedUntil = Math.max(this.#issuedUntil, entry.issuedUntil);
        return true;
      default:
        return false;
    }
  }

  #keep(map: Map<string, Kept>, id: string, { generation, until }: Kept): void {
    const known = map.get(id);
    if (known === undefined && this.size >= this.#limit) {
      this.#hasOverflowed = true;
      return;
    }
    map.set(id, {
      generation: Math.max(generation, known?.generation ?? 0),
      until: {
        monotonic: Math.max(until.monotonic, known?.until.monotonic ?? 0),
        wall: Math.max(until.wall, known?.until.wall ?? 0),
      },
    });
  }

  /** Forgets what no token can be alive of, by the later of both clocks. */
  forget(now: Instant): void {
    for (const map of [this.#users, this.#sessions])
      for (const [id, { until }] of map)
        if (until.monotonic <= now.monotonic && until.wall <= now.wall) map.delete(id);
  }

  /** Forgets everything, to read it again after an overflow. The time of `everybody` stays. */
  clear(): void {
    this.#users.clear();
    this.#sessions.clear();
    this.#hasOverflowed = false;
    this.beginEra();
  }
}
