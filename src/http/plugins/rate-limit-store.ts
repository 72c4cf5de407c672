import { LRUCache } from 'lru-cache';

/** What is counted at a time; past that, what came least lately starts anew. */
const MAX_WINDOWS = 20_000;

/** A window of a key: how much was counted, and when it began by `performance.now()`. */
interface Counter {
  count: number;
  readonly began: number;
}

/** What has been counted by a key, and the milliseconds until it is counted anew. */
export interface Window {
  readonly count: number;
  readonly left: number;
}

/**
 * Counts within windows of time, by a clock that nobody sets. With that of the wall a window would end an hour late when the clock is
 * set back by one.
 */
export class Windows {
  readonly #windows = new LRUCache<string, Counter>({ max: MAX_WINDOWS });

  /** @param length milliseconds */
  add(key: string, length: number): Window {
    const window = this.#open(key, length);
    window.count += 1;
    this.#windows.set(key, window);
    return toWindow(window, length);
  }

  /** The window of now, nothing added to it. @param length milliseconds */
  read(key: string, length: number): Window {
    return toWindow(this.#open(key, length), length);
  }

  #open(key: string, length: number): Counter {
    const now = performance.now();
    const known = this.#windows.get(key);
    return known !== undefined && now - known.began < length ? known : { count: 0, began: now };
  }
}

function toWindow({ count, began }: Counter, length: number): Window {
  // Not began + length - now, which may be more than the length by a rounding.
  return { count, left: length - (performance.now() - began) };
}
