import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { codeOf } from '../lib/error-code.ts';

/** Bytes that may wait for a slow reader: some thousand lines. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Bytes below which texts are accepted again after some were dropped. */
const RESUME_BYTES = MAX_WAITING_BYTES / 2;

/**
 * Bytes that a pipe accepts all at once or not at all (PIPE_BUF of Linux), so that lines of several processes
 * do not mix.
 */
const ATOMIC_BYTES = 4096;

/** Backoff between two attempts to write: it doubles after each attempt that wrote nothing. */
const MIN_BACKOFF_MS = 5;
const MAX_BACKOFF_MS = 250;

/** Timeouts of the last write before the process ends: in all, and for a reader that reads nothing. */
const LAST_WRITE_TIMEOUT_MS = 2_000;
const LAST_IDLE_TIMEOUT_MS = 500;
const LAST_RETRY_MS = 10;

/**
 * An output whose reader may be slow, stop reading or go away. Writing never waits: text that the reader does
 * not accept is kept up to a limit, and dropped above it.
 */
export class BoundedOutput {
  readonly #file: number;
  /** Waiting texts, oldest first. */
  readonly #texts: Buffer[] = [];
  /** The bytes that are being written; they were taken from the texts. */
  #chunk: Buffer = Buffer.alloc(0);
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = MIN_BACKOFF_MS;
  #dropped = 0;
  #reported = 0;
  #isFull = false;
  #report: (count: number) => void = () => {};

  /** @param file a descriptor whose writes fail with EAGAIN when they would have to wait */
  constructor(file: number) {
    this.#file = file;
  }

  /** Number of texts that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Sets the function that reports dropped texts.
   *
   * @param report writes the number of dropped texts in their place
   */
  reportWith(report: (count: number) => void): void {
    this.#report = report;
  }

  /** Writes a text now or when the reader is ready, or drops it. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    const isWaiting = this.#waitingBytes > 0;
    this.#isFull ||= isWaiting && this.#waitingBytes + bytes.length > MAX_WAITING_BYTES;
    if (this.#isFull) {
      this.#dropped++;
      return;
    }
    this.#texts.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!isWaiting) this.#writeWaiting();
  }

  /**
   * Writes the waiting texts before the process ends, all of them when the reader reads. It blocks the
   * process meanwhile.
   */
  writeLast(): void {
    const nap = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const deadline = performance.now() + LAST_WRITE_TIMEOUT_MS;
    let idleUntil = performance.now() + LAST_IDLE_TIMEOUT_MS;
    while (this.#waitingBytes > 0) {
      const before = this.#waitingBytes;
      // Waiting helps only with a slow reader (EAGAIN).
      if (this.#writeWaiting() !== 'EAGAIN') return;
      const now = performance.now();
      if (this.#waitingBytes < before) idleUntil = now + LAST_IDLE_TIMEOUT_MS;
      if (now > Math.min(deadline, idleUntil)) return;
      Atomics.wait(nap, 0, 0, LAST_RETRY_MS);
    }
  }

  /**
   * Writes the waiting texts, and tries again later when some are left.
   *
   * @returns why not everything was written; undefined when it was
   */
  #writeWaiting(): string | undefined {
    const reason = this.#attempt();
    if (this.#isFull && this.#waitingBytes <= RESUME_BYTES) {
      this.#isFull = false;
      const count = this.#dropped - this.#reported;
      this.#reported = this.#dropped;
      this.#report(count);
    }
    if (this.#waitingBytes > 0) this.#writeLater();
    return reason;
  }

  #attempt(): string | undefined {
    try {
      while (this.#waitingBytes > 0) {
        if (this.#chunk.length === 0) this.#chunk = this.#nextChunk();
        const count = writeSync(this.#file, this.#chunk);
        this.#chunk = this.#chunk.subarray(count);
        this.#waitingBytes -= count;
        this.#backoffMs = MIN_BACKOFF_MS;
      }
      return undefined;
    } catch (error) {
      // Retried too when there is no reader (EPIPE) or no space on a disk (ENOSPC): this may change.
      return codeOf(error) ?? 'unknown';
    }
  }

  /** Takes whole texts, as many as a pipe accepts at once. */
  #nextChunk(): Buffer {
    let count = 0;
    let length = 0;
    for (const text of this.#texts) {
      if (count > 0 && length + text.length > ATOMIC_BYTES) break;
      count++;
      length += text.length;
    }
    const texts = this.#texts.splice(0, count);
    const [first] = texts;
    return first !== undefined && count === 1 ? first : Buffer.concat(texts);
  }

  #writeLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writeWaiting();
    }, this.#backoffMs).unref();
    this.#backoffMs = Math.min(2 * this.#backoffMs, MAX_BACKOFF_MS);
  }
}

let output: BoundedOutput | undefined;

/**
 * Returns the standard output of a process that serves. Texts that are still waiting are written when the
 * process ends.
 */
export function standardOutput(): BoundedOutput {
  output ??= open();
  return output;
}

function open(): BoundedOutput {
  const opened = new BoundedOutput(openWithoutWaiting());
  process.once('exit', () => opened.writeLast());
  return opened;
}

/**
 * Opens standard output again, so that writes never wait. Node.js makes pipes and sockets non-blocking when
 * `process.stdout` is first used, but another process with the same pipe can undo this. Writes to a terminal
 * block (Ctrl-S). So pipes and terminals are opened again, for this process alone. Sockets and files of
 * another user cannot be opened again and are used as they are.
 */
function openWithoutWaiting(): number {
  const { fd, isTTY } = process.stdout;
  if (!isTTY && !fstatSync(fd).isFIFO()) return fd;
  try {
    return openSync('/dev/stdout', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}
