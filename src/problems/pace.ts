/** Milliseconds between two turns. */
const INTERVAL = 10;

/** What is done in a turn: five hundred a second in all. */
const AT_A_TIME = 5;

/**
 * Answers those who are turned away in turn. Clients that come again at once, whatever `Retry-After` says, would otherwise take
 * the processor from those who are served: so they come five hundred times a second, and everybody else hardly notices.
 */
export class Pace {
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #left = AT_A_TIME;

  /** Does it at once, or when those before have been done. */
  do(answer: () => void): void {
    this.#timer ??= setInterval(() => this.#takeTurn(), INTERVAL);
    if (this.#left === 0) {
      this.#waiting.push(answer);
      return;
    }
    this.#left--;
    answer();
  }

  #takeTurn(): void {
    const turn = this.#waiting.splice(0, AT_A_TIME);
    this.#left = AT_A_TIME - turn.length;
    for (const answer of turn) answer();
    if (turn.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
