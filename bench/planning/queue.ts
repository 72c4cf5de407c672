/**
 * Simulation of the queue of hashes (src/accounts/passwords/hash.ts): the utilisation at which sign-ins begin
 * to wait or are refused.
 */

/** Maximum of waiting sign-ins per core, as in src/accounts/passwords/hash.ts. */
const MAX_WAITING_PER_CORE = 32;

/** Relative variation of a hash's time, because of other work on the machine. */
const SPREAD = 0.2;

/** Rush: its duration and its interval in seconds, and the factor of arrivals in it. */
const RUSH = { seconds: 5, every: 60, factor: 2 };

/** Sign-ins per simulation: the 99.9th percentile still has hundreds. */
const ARRIVALS = 300_000;

export interface Crowd {
  /** Cores that hash. */
  readonly cores: number;
  /** Milliseconds of a hash. */
  readonly hash: number;
  /** Share of the time in which the cores would hash without refusals; between rushes. */
  readonly utilisation: number;
  /** True when twice as many arrive for 5 s of each minute, as after a link was mailed to all users. */
  readonly hasRushes: boolean;
  readonly seed: number;
}

export interface Outcome {
  /** Share of the sign-ins that got 503 `busy`. */
  readonly rejected: number;
  /** Milliseconds of waiting for the accepted ones: the median and the 99th percentile. */
  readonly median: number;
  readonly p99: number;
}

/** Simulates independent arrivals (a Poisson process) that are served in order. */
export function simulate({ cores, hash, utilisation, hasRushes, seed }: Crowd): Outcome {
  const random = generator(seed);
  const rate = (utilisation * cores) / hash;
  const freeAt = new Float64Array(cores);
  // Start of the service of each accepted sign-in. They are served in order, so the waiting ones are the last
  // of the list.
  const servedAt = new Float64Array(ARRIVALS);
  const waits = new Float64Array(ARRIVALS);
  let served = 0;
  let firstWaiting = 0;
  let now = 0;
  for (let n = 0; n < ARRIVALS; n++) {
    const isRush = hasRushes && (now / 1_000) % RUSH.every < RUSH.seconds;
    now -= Math.log(1 - random()) / (isRush ? rate * RUSH.factor : rate);
    while (firstWaiting < served && (servedAt[firstWaiting] ?? 0) <= now) firstWaiting++;
    if (served - firstWaiting >= MAX_WAITING_PER_CORE * cores) continue;
    const core = firstFree(freeAt);
    const start = Math.max(now, freeAt[core] ?? 0);
    freeAt[core] = start + hash * (1 - SPREAD + 2 * SPREAD * random());
    servedAt[served] = start;
    waits[served] = start - now;
    served++;
  }
  const sorted = waits.subarray(0, served).sort();
  const at = (part: number) => sorted[Math.floor(served * part)] ?? 0;
  return { rejected: 1 - served / ARRIVALS, median: at(0.5), p99: at(0.99) };
}

function firstFree(freeAt: Float64Array): number {
  let first = 0;
  for (let core = 1; core < freeAt.length; core++)
    if ((freeAt[core] ?? 0) < (freeAt[first] ?? 0)) first = core;
  return first;
}

/** Generator of numbers from 0 to below 1, the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
