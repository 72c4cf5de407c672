/** The largest rate of keys that Latchkey does not know: so many at once, and so many a second. */
const MAX_WRONG_AT_ONCE = 60;
const MAX_WRONG_PER_SECOND = 5;

/** Requests to Latchkey at a time. */
const MAX_UNDER_WAY = 16;

/** Requests that wait for one of these. */
const MAX_WAITING = 1_000;

/** Keeps a flood of unknown API keys from becoming a flood of introspections. */
export class Limiter {
  readonly #monotonic: () => number;
  #waiting: ((isNext: boolean) => void)[] = [];
  #underWay = 0;
  #wrong = 0;
  #since: number;

  /** @param monotonic milliseconds */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#since = monotonic();
  }

  /**
   * Sends a request, after those before it.
   *
   * @param isKnown true for a key that was right before: it does not wait for wrong ones
   * @returns undefined when it was not sent: there are too many, or one before it has failed
   */
  async run<T>(isKnown: boolean, request: () => Promise<T>): Promise<T | undefined> {
    if (!(await this.#begin())) return undefined;
    try {
      return isKnown || this.#countNow() < MAX_WRONG_AT_ONCE ? await request() : undefined;
    } catch (error) {
      // Latchkey does not answer: the others would wait for as long, one after the other.
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const end of waiting) end(false);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next(true);
    }
  }

  /** Counts a key that Latchkey does not know. */
  countWrong(): void {
    this.#wrong = this.#countNow() + 1;
  }

  async #begin(): Promise<boolean> {
    if (this.#underWay < MAX_UNDER_WAY) {
      this.#underWay++;
      return true;
    }
    if (this.#waiting.length >= MAX_WAITING) return false;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #countNow(): number {
    const now = this.#monotonic();
    this.#wrong = Math.max(0, this.#wrong - ((now - this.#since) / 1_000) * MAX_WRONG_PER_SECOND);
    this.#since = now;
    return this.#wrong;
  }
}
