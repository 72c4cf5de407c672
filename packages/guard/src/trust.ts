import type { Instant } from './clocks.ts';
import type { FeedAnswer } from './contract.ts';

/** Milliseconds by which the wall clock and the time of the service may differ. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;

const NEVER: Instant = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

/** Says until when tokens may be accepted. It is closed at the start. */
export class Trust {
  readonly #ms: number;
  #until = NEVER;

  /** @param ms for which an answer is trusted, from the poll that it rests on */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Tells whether tokens may be accepted. Either clock can end that: a machine may have been suspended. */
  holds(now: Instant): boolean {
    return now.monotonic < this.#until.monotonic && now.wall < this.#until.wall;
  }

  /** Tells whether an answer can be trusted: it is complete, and the clocks agree. */
  allows({ complete, time }: Pick<FeedAnswer, 'complete' | 'time'>, now: Instant): boolean {
    return complete && Math.abs(now.wall - time) <= MAX_CLOCK_DIFFERENCE_MS;
  }

  /**
   * Trusts an answer.
   *
   * @param sent when its request was sent: so an answer that was delayed on its way is as old as it is
   */
  renew({ asOf }: Pick<FeedAnswer, 'asOf'>, sent: Instant): void {
    const until = { monotonic: sent.monotonic + asOf + this.#ms, wall: sent.wall + asOf + this.#ms };
    if (until.monotonic > this.#until.monotonic) this.#until = until;
  }

  end(): void {
    this.#until = NEVER;
  }
}
