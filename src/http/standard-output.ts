import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { codeOf } from '../lib/error-code.ts';

/** Bytes that wait while nobody reads: some thousand lines. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Bytes below which texts are taken again after some were dropped. */
const ROOM_BYTES = MAX_WAITING_BYTES / 2;

/** Bytes that a pipe takes all at once or not at all (PIPE_BUF of Linux), so that lines of several processes do not mix. */
const ATOMIC_BYTES = 4096;

/** Milliseconds between two attempts to write what waits: twice as long after each that wrote nothing. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 250;

/** Milliseconds that the end of the process waits for a slow reader, and for one that takes nothing. */
const LAST_MS = 2_000;
const LAST_SILENCE_MS = 500;
const NAP_MS = 10;

/**
 * Text for a reader who may be slow, stop reading, or go. Writing never waits: what the reader does not take is kept up to a limit,
 * and dropped beyond it.
 */
export class BoundedOutput {
  readonly #file: number;
  /** Texts that wait, oldest first. */
  readonly #texts: Buffer[] = [];
  /** What is being written, taken from the texts. */
  #chunk: Buffer = Buffer.alloc(0);
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = SHORTEST_PAUSE_MS;
  #dropped = 0;
  #reported = 0;
  #isFull = false;
  #report: (count: number) => void = () => {};

  /** @param file a descriptor whose writes fail (EAGAIN) where they would have to wait */
  constructor(file: number) {
    this.#file = file;
  }

  /** Texts that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param report writes, in the place of texts that were dropped, how many these were */
  reportWith(report: (count: number) => void): void {
    this.#report = report;
  }

  /** Writes a text now, or when the reader takes it, or drops it. */
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

  /** Writes what waits before the process ends: all of it where somebody reads. It holds the process up meanwhile. */
  writeLast(): void {
    const nap = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const deadline = performance.now() + LAST_MS;
    let silentUntil = performance.now() + LAST_SILENCE_MS;
    while (this.#waitingBytes > 0) {
      const before = this.#waitingBytes;
      // For everything but a reader who is slow there is nothing to wait for.
      if (this.#writeWaiting() !== 'EAGAIN') return;
      const now = performance.now();
      if (this.#waitingBytes < before) silentUntil = now + LAST_SILENCE_MS;
      if (now > Math.min(deadline, silentUntil)) return;
      Atomics.wait(nap, 0, 0, NAP_MS);
    }
  }

  /** @returns why not all was written; undefined when it was */
  #writeWaiting(): string | undefined {
    const reason = this.#attempt();
    if (this.#isFull && this.#waitingBytes <= ROOM_BYTES) {
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
        this.#pauseMs = SHORTEST_PAUSE_MS;
      }
      return undefined;
    } catch (error) {
      // Also when there is no reader (EPIPE) or no room on a disk (ENOSPC): there may be again.
      return codeOf(error) ?? 'unknown';
    }
  }

  /** Whole texts, as many as a pipe takes at once. */
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
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

let output: BoundedOutput | undefined;

/** Standard output of a process that serves. What it has not written yet is written when the process ends. */
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
 * Node.js lets pipes and sockets not wait once `process.stdout` was asked for, which another process that has the same pipe can undo;
 * and writes to a terminal wait (Ctrl-S). So pipes and terminals are opened anew, for this process alone. What cannot be opened
 * is used as it is: sockets, and what belongs to another user.
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
