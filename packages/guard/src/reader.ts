import { setTimeout as wait } from 'node:timers/promises';
import { type Clocks, instantOf } from './clocks.ts';
import { requireAnswer } from './feed.ts';
import type { Issuer } from './issuer.ts';
import type { GuardState } from './state.ts';

/** Milliseconds before a request that failed is sent again; the first time, another process may answer. */
const FIRST_RETRY_MS = 50;
const RETRY_MS = 500;

/** Milliseconds between two times at which expired revocations are forgotten. */
const FORGET_INTERVAL_MS = 60_000;

/** The places to which the reader reports. */
export interface ReaderEvents {
  /** The guard opens, after the start or after it was closed. */
  onOpen(): void;
  /** A request failed, or its answer cannot be used. It is sent again. */
  onError(error: unknown): void;
}

/** Reads the feed for as long as the guard lives: one request after the other. */
export class Reader {
  readonly #issuer: Issuer;
  readonly #state: GuardState;
  readonly #clocks: Clocks;
  readonly #events: ReaderEvents;
  #cursor: string | undefined;
  #isHeld = false;
  #hasFailed = false;
  #forgotAt = 0;

  constructor(issuer: Issuer, state: GuardState, clocks: Clocks, events: ReaderEvents) {
    this.#issuer = issuer;
    this.#state = state;
    this.#clocks = clocks;
    this.#events = events;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#read(signal);
        this.#hasFailed = false;
      } catch (error) {
        if (signal.aborted) return;
        this.#isHeld = false;
        this.#events.onError(error);
        const pause = this.#hasFailed ? RETRY_MS : FIRST_RETRY_MS;
        this.#hasFailed = true;
        await wait(pause, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const wasOpen = this.#state.isOpen;
    const sent = instantOf(this.#clocks);
    const query = new URLSearchParams({
      ...(this.#cursor !== undefined && { after: this.#cursor }),
      // While it is closed, an answer of now is better than one with news.
      ...(this.#isHeld && { wait: '1' }),
    });
    const answer = requireAnswer(await this.#issuer.readFeed(query, signal));
    try {
      await this.#state.apply(answer, sent);
    } catch (error) {
      if (this.#state.revocations.hasOverflowed) this.#beginAnew();
      throw error;
    }
    this.#cursor = answer.cursor;
    this.#isHeld = answer.complete && this.#state.isOpen;
    this.#forget(sent.monotonic);
    if (!wasOpen && this.#state.isOpen) this.#events.onOpen();
    if (answer.complete && !this.#state.isOpen)
      throw new Error('The answer is too old, or the clocks differ by more than a minute');
  }

  #beginAnew(): void {
    this.#cursor = undefined;
    this.#state.revocations.clear();
  }

  #forget(now: number): void {
    if (now - this.#forgotAt < FORGET_INTERVAL_MS) return;
    this.#forgotAt = now;
    this.#state.revocations.forget(instantOf(this.#clocks));
  }
}
