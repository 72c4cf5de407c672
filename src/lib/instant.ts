/** A moment by both clocks of the process, in milliseconds. */
export interface Instant {
  /** As `performance.now()`. It cannot be set, but may stand still while the machine is suspended. */
  readonly monotonic: number;
  /** As `Date.now()`. It goes on while the machine is suspended, but may be set. */
  readonly wall: number;
}

/** The moment of the call. */
export function instant(): Instant {
  return { monotonic: performance.now(), wall: Date.now() };
}

/** Milliseconds between two moments by the clock that shows more: for the age of what may be stale. */
export function longestBetween(from: Instant, to: Instant): number {
  return Math.max(to.monotonic - from.monotonic, to.wall - from.wall);
}

/** Milliseconds between two moments by the clock that shows less. */
export function shortestBetween(from: Instant, to: Instant): number {
  return Math.min(to.monotonic - from.monotonic, to.wall - from.wall);
}
