import type { Claims } from './claims.ts';
import { type Clocks, type Instant, instantOf } from './clocks.ts';
import type { FeedAnswer } from './contract.ts';
import type { Keys } from './keys.ts';
import type { Levels } from './levels.ts';
import { Revocations } from './revocations.ts';
import { Trust } from './trust.ts';

/** Seconds that the clock of the issuer may run ahead of ours. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** What a token may do at this moment. */
export interface Standing {
  readonly access: number;
  /** The level that a second factor would give, where it is higher. */
  readonly access2: number | undefined;
}

/** Everything that a guard knows. With it, a request is checked without asking another service. */
export class GuardState {
  readonly revocations: Revocations;
  readonly #clocks: Clocks;
  readonly #keys: Keys;
  readonly #levels: Levels;
  readonly #trust: Trust;
  #kids: ReadonlySet<string> = new Set();
  #isClosed = false;
  #secondFactor: FeedAnswer['secondFactor'] = null;

  constructor(
    parts: { readonly clocks: Clocks; readonly keys: Keys; readonly levels: Levels },
    limits: { readonly trustMs: number; readonly maxEntries: number },
  ) {
    this.#clocks = parts.clocks;
    this.#keys = parts.keys;
    this.#levels = parts.levels;
    this.#trust = new Trust(limits.trustMs);
    this.revocations = new Revocations(limits.maxEntries);
  }

  /** True when tokens may be accepted. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#trust.holds(instantOf(this.#clocks));
  }

  /**
   * Takes an answer of the feed. What closes takes effect before anything is awaited.
   *
   * @param sent when its request was sent
   * @throws {Error} when tokens cannot be accepted by it
   */
  async apply(answer: FeedAnswer, sent: Instant): Promise<void> {
    const { kids, levels, secondFactor, resync } = answer;
    const now = instantOf(this.#clocks);
    const areKnown = this.revocations.add(answer, now);
    const { hasOverflowed } = this.revocations;
    const isAllowed = this.#trust.allows(answer, now);
    this.#kids = new Set(kids);
    this.#secondFactor = secondFactor;
    if (resync) this.revocations.beginEra();
    if (!areKnown || resync || hasOverflowed || !isAllowed) this.#trust.end();
    if (!areKnown) throw new Error('The feed has an entry that this version of the guard does not know');
    if (hasOverflowed) throw new Error('There are more revocations than fit: maxEntries');
    try {
      this.#levels.set(levels);
    } catch (error) {
      this.#trust.end();
      throw error;
    }
    // Without a key, this answer is not trusted, and the one before is as long as it was.
    await this.#keys.ensure(kids);
    if (isAllowed) this.#trust.renew(answer, sent);
  }

  /** Closes for ever. Later answers do not open it again. */
  close(): void {
    this.#isClosed = true;
  }

  /** Tells whether a key still verifies tokens. */
  names(kid: string): boolean {
    return this.#kids.has(kid);
  }

  /** Returns what a verified token may do; undefined when it is expired or revoked. */
  standingOf(claims: Claims): Standing | undefined {
    const seconds = this.#clocks.wall() / 1_000;
    if (claims.exp <= seconds || claims.iat > seconds + CLOCK_TOLERANCE_SECONDS) return undefined;
    if (this.revocations.revokes(claims)) return undefined;
    const { access, access2, acr } = claims;
    if (acr === '2') return { access, access2 };
    const limited = this.limitOneFactor(access);
    return { access: limited, access2: limited === access ? access2 : (access2 ?? access) };
  }

  /** Returns the level that one factor gives of a level. An API key proves none, so a person's has it too. */
  limitOneFactor(access: number): number {
    const limit = this.#secondFactor;
    return limit === null || access < limit.from ? access : limit.below;
  }
}
