import type { Socket } from 'node:net';

/** Milliseconds between two flushes. */
const FLUSH_INTERVAL_MS = 10;

/** Answers of one flush: five hundred a second in all. */
const ANSWERS_PER_FLUSH = 5;

/** Answers that may wait: those of half a second. */
const MAX_WAITING = 250;

/** An answer that waits, and the listener that forgets it when its connection closes. */
interface Waiting {
  readonly answer: () => void;
  readonly forget: () => void;
}

/**
 * Throttles the answers to rejected requests. A client that sends its next request at once, without regard to
 * `Retry-After`, would otherwise take the processor from accepted requests. With the throttle, such clients
 * get five hundred answers a second, and other clients hardly notice.
 *
 * One answer of a connection may wait. The connection is closed when it needs a second answer meanwhile, and
 * when {@link MAX_WAITING} answers wait already.
 */
export class RejectionThrottle {
  readonly #waiting = new Map<Socket, Waiting>();
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
      this.#take(connection);
      connection.destroy();
    } else if (this.#left === 0) {
      const forget = () => void this.#waiting.delete(connection);
      this.#waiting.set(connection, { answer, forget });
      connection.once('close', forget);
    } else {
      this.#left--;
      answer();
    }
  }

  #flush(): void {
    const batch = [...this.#waiting.keys()].slice(0, ANSWERS_PER_FLUSH);
    this.#left = ANSWERS_PER_FLUSH - batch.length;
    for (const connection of batch) this.#take(connection)?.answer();
    if (batch.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Takes the answer of a connection out, with its listener: a connection may wait thousands of times. */
  #take(connection: Socket): Waiting | undefined {
    const waiting = this.#waiting.get(connection);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(connection);
    connection.off('close', waiting.forget);
    return waiting;
  }
}
