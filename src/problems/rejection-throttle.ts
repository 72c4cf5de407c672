import type { Socket } from 'node:net';

/** Milliseconds between two turns. */
const INTERVAL = 10;

/** What is done in a turn: five hundred a second in all. */
const AT_A_TIME = 5;

/** Answers that may wait: of half a second. */
const MAX_WAITING = 250;

/**
 * Answers those who are turned away in turn. Clients that come again at once, whatever `Retry-After` says, would otherwise take
 * the processor from those who are served: so they come five hundred times a second, and everybody else hardly notices.
 *
 * Of one connection one answer waits. Whoever asks for another meanwhile, and whoever comes when {@link MAX_WAITING} wait, gets none:
 * the connection is closed.
 */
export class RejectionThrottle {
  readonly #waiting = new Map<Socket, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #left = AT_A_TIME;

  /** How many answers wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Does it at once, or when those before have been done. */
  do(connection: Socket, answer: () => void): void {
    this.#timer ??= setInterval(() => this.#flush(), INTERVAL);
    if (this.#waiting.has(connection) || this.#waiting.size >= MAX_WAITING) {
      this.#waiting.delete(connection);
      connection.destroy();
    } else if (this.#left === 0) {
      this.#waiting.set(connection, answer);
      // Nobody waits any more behind a connection that was closed.
      connection.once('close', () => this.#waiting.delete(connection));
    } else {
      this.#left--;
      answer();
    }
  }

  #flush(): void {
    const turn = [...this.#waiting].slice(0, AT_A_TIME);
    this.#left = AT_A_TIME - turn.length;
    for (const [connection, answer] of turn) {
      this.#waiting.delete(connection);
      answer();
    }
    if (turn.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
