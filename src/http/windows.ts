import { LRUCache } from 'lru-cache';

/** What is counted at a time; past that, what came least lately starts anew. */
const MAX_WINDOWS = 20_000;

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
  readonly #windows = new LRUCache<string, { count: number; readonly began: number }>({ max: MAX_WINDOWS });

  /** @param length milliseconds */
  add(key: string, length: number): Window {
    const now = performance.now();
    const known = this.#windows.get(key);
    const window = known !== undefined && now - known.began < length ? known : { count: 0, began: now };
    window.count += 1;
    this.#windows.set(key, window);
    // Not began + length - now, which may be more than the length by a rounding.
    return { count: window.count, left: length - (now - window.began) };
  }
}
