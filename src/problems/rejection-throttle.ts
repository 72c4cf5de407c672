import type { Socket } from 'node:net';

/** Milliseconds between two flushes. */
const FLUSH_INTERVAL_MS = 10;

/** Answers of one flush: five hundred a second in all. */
const ANSWERS_PER_FLUSH = 5;

/** Answers that may wait: those of half a second. */
const MAX_WAITING = 250;

/**
 * Throttles the answers to rejected requests. A client that sends its next request at once, without regard to
 * `Retry-After`, would otherwise take the processor from accepted requests. With the throttle, such clients
 * get five hundred answers a second, and other clients hardly notice.
 *
 * One answer of a connection may wait. The connection is closed when it needs a second answer meanwhile, and
 * when {@link MAX_WAITING} answers wait already.
 */
export class RejectionThrottle {
  readonly #waiting = new Map<Socket, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #left = ANSWERS_PER_FLUSH;

  /** Number of answers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends an answer now, or after the answers that wait already. */
  schedule(connection: Socket, answer: () => void): void {
    this.#timer ??= setInterval(() => this.#flush(), FLUSH_INTERVAL_MS);
    if (this.#waiting.has(connection) || this.#waiting.size >= MAX_WAITING) {
      this.#waiting.delete(connection);
      connection.destroy();
    } else if (this.#left === 0) {
      this.#waiting.set(connection, answer);
      // The answer of a closed connection waits no longer.
      connection.once('close', () => this.#waiting.delete(connection));
    } else {
      this.#left--;
      answer();
    }
  }

  #flush(): void {
    const batch = [...this.#waiting].slice(0, ANSWERS_PER_FLUSH);
    this.#left = ANSWERS_PER_FLUSH - batch.length;
    for (const [connection, answer] of batch) {
      this.#waiting.delete(connection);
      answer();
    }
    if (batch.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
