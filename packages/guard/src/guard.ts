import { ApiKeys } from './api-keys.ts';
import { Checker } from './checker.ts';
import { type Clocks, systemClocks } from './clocks.ts';
import type { Authorization } from './header.ts';
import { type Credential, type Fetch, Issuer } from './issuer.ts';
import { readKeyAnswer } from './key-answer.ts';
import { Keys } from './keys.ts';
import { Levels, type PinnedLevels } from './levels.ts';
import { Reader } from './reader.ts';
import { Refusals } from './refusals.ts';
import type { Caller, Rule } from './rule.ts';
import { GuardState } from './state.ts';

export { authorizationOf } from './header.ts';

/** Milliseconds for which an answer of the feed is trusted, from the poll that it rests on. */
const DEFAULT_TRUST_MS = 2_000;

/** Entries that fit: as many as a process of Latchkey holds. */
const DEFAULT_MAX_ENTRIES = 200_000;

export interface GuardOptions {
  /** `PUBLIC_URL` of Latchkey, without a slash at its end. */
  readonly issuer: string;
  /** What may read the feed and introspect: an API key, or a function that returns an access token. */
  readonly key: Credential;
  /** The URL of this service. With it, 401 answers say where its metadata is (RFC 9728). */
  readonly resource?: string | undefined;
  /** The numbers of the levels, where routes shall declare numbers. Others than the issuer's close the guard. */
  readonly levels?: PinnedLevels | undefined;
  /** Milliseconds for which an answer of the feed is trusted (default: 2000). */
  readonly trustMs?: number | undefined;
  /** Revocations that fit into the memory (default: 200,000). With more, the guard is closed. */
  readonly maxEntries?: number | undefined;
  /** Is called when the guard opens, and when a request to Latchkey fails: for the log. */
  readonly onOpen?: (() => void) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly fetch?: Fetch | undefined;
  readonly clocks?: Clocks | undefined;
}

/** Guards the routes of a service with the tokens of one issuer. */
export class Guard {
  readonly levels: Levels;
  readonly #state: GuardState;
  readonly #checker: Checker;
  readonly #stop = new AbortController();
  readonly #ready: Promise<void>;

  /** @throws {TypeError} when the issuer is not https, nor this machine */
  constructor(options: GuardOptions) {
    const { issuer: url, key, resource, clocks = systemClocks } = options;
    const { trustMs = DEFAULT_TRUST_MS, maxEntries = DEFAULT_MAX_ENTRIES } = options;
    const issuer = new Issuer(url, key, options.fetch ?? fetch);
    const levels = new Levels(options.levels);
    const keys = new Keys(issuer.url, () => issuer.readKeys());
    const state = new GuardState({ clocks, keys, levels }, { trustMs, maxEntries });
    const onError = (error: unknown) => options.onError?.(error);
    const apiKeys = new ApiKeys({
      clocks,
      revocations: state.revocations,
      introspect: async (key) => {
        try {
          return readKeyAnswer(await issuer.introspect(key), issuer.url);
        } catch (error) {
          onError(error);
          throw error;
        }
      },
    });
    this.levels = levels;
    this.#state = state;
    this.#checker = new Checker({
      clocks,
      keys,
      apiKeys,
      levels,
      state,
      refusals: new Refusals(issuer.url, resource),
    });
    this.#ready = new Promise((resolve) => {
      const onOpen = () => {
        resolve();
        options.onOpen?.();
      };
      const reader = new Reader(issuer, state, clocks, { onOpen, onError });
      void reader.run(this.#stop.signal);
    });
  }

  /** Resolves when the guard has opened for the first time. Until then it answers 503. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** True when tokens may be accepted at this moment. */
  get isOpen(): boolean {
    return this.#state.isOpen;
  }

  /** Number of revocations in memory. */
  get size(): number {
    return this.#state.revocations.size;
  }

  /** Stops reading the feed. The guard is closed from then on. */
  close(): void {
    this.#stop.abort();
    this.#state.close();
  }

  /**
   * Checks a request.
   *
   * @param authorization the header `Authorization`; an array when there are several, which are refused
   * @throws {GuardProblem} with the answer to be sent
   */
  async verify(authorization: Authorization, rule: Rule): Promise<Caller> {
    return this.#checker.check(authorization, rule);
  }

  /** As {@link verify}, but it answers at once for a token or an API key that was accepted before. */
  check(authorization: Authorization, rule: Rule): Caller | Promise<Caller> {
    return this.#checker.check(authorization, rule);
  }
}

/**
 * Makes a guard, which begins to read the feed. Await `ready()`, or let it answer 503 until it is.
 *
 * @example
 * const guard = createGuard({ issuer: 'https://id.example.com', key: () => token });
 * await guard.ready();
 * const caller = await guard.verify(request.headers.authorization, { minimum: 'user' });
 */
export function createGuard(options: GuardOptions): Guard {
  return new Guard(options);
}
