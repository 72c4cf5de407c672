import { randomInt } from 'node:crypto';

/** Pseudo-random numbers from a seed. */
export interface Random {
  readonly seed: number;
  /** Returns an integer from 0 (included) to the limit (excluded). */
  below(limit: number): number;
  /** Returns eight letters and digits. */
  word(): string;
}

/** Uses the seed of `npm run faults -- --seed=`, or a random one. */
export function seededRandom(seed = Number(process.env.TEST_SEED ?? randomInt(2 ** 31))): Random {
  let state = seed >>> 0;
  // Algorithm: mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    seed,
    below,
    word: () =>
      below(36 ** 5)
        .toString(36)
        .padStart(5, '0') + below(36 ** 3).toString(36),
  };
}
