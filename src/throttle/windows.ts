import { LRUCache } from 'lru-cache';

/** Keys that are counted at a time; above that, the least recently used key is evicted. */
const MAX_WINDOWS = 20_000;

/** The window of a key: its count, and its beginning by `performance.now()`. */
interface Counter {
  count: number;
  readonly began: number;
}

/** The count of a key, and the milliseconds until its window ends. */
export interface Window {
  readonly count: number;
  readonly left: number;
}

/**
 * Counts within windows of time, by a monotonic clock. With the wall clock, a window would end an hour late
 * when the clock is set back by an hour.
 */
export class Windows {
  /** With `max`, the cache would take half a megabyte before the first key. */
  readonly #windows = new LRUCache<string, Counter>({ maxSize: MAX_WINDOWS, sizeCalculation: () => 1 });

  /**
   * Counts one more in the window of a key.
   *
   * @param length milliseconds
   */
  add(key: string, length: number): Window {
    const window = this.#open(key, length);
    window.count += 1;
    this.#windows.set(key, window);
    return toWindow(window, length);
  }

  /**
   * Returns the current window without counting.
   *
   * @param length milliseconds
   */
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
  // Not began + length - now, which a rounding may make longer than the length.
  return { count, left: length - (performance.now() - began) };
}
