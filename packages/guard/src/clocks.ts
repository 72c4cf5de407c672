/** Both clocks of the process, in milliseconds. Tests bring their own. */
export interface Clocks {
  /** Cannot be set, but may stand still while the machine is suspended. */
  monotonic(): number;
  /** Milliseconds since 1970. It goes on while the machine is suspended, but may be set. */
  wall(): number;
}

export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

export const systemClocks: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() };

export function instantOf(clocks: Clocks): Instant {
  return { monotonic: clocks.monotonic(), wall: clocks.wall() };
}
