/** The queue in front of the hashes (src/accounts/passwords/hash.ts), simulated: how full it may be before people wait or are turned away. */

/** Sign-ins that may wait for each core: WAITING of src/accounts/passwords/hash.ts. */
const WAITING = 32;

/** Part by which a hash takes longer or shorter than the median: other work on the machine. */
const SPREAD = 0.2;

/** Seconds of a rush, and from one to the next, and how many times as many come in it. */
const RUSH = { seconds: 5, every: 60, factor: 2 };

/** Sign-ins of one simulation: at 99.9 % that still leaves hundreds. */
const ARRIVALS = 300_000;

export interface Crowd {
  /** Cores that hash. */
  readonly cores: number;
  /** Milliseconds of a hash. */
  readonly hash: number;
  /** Part of their time in which the cores hash, were nobody turned away; between rushes. */
  readonly utilisation: number;
  /** Whether twice as many come for 5 s of each minute, as when a link was mailed to all. */
  readonly hasRushes: boolean;
  readonly seed: number;
}

export interface Outcome {
  /** Part of the sign-ins that got 503 `busy`. */
  readonly turnedAway: number;
  /** Milliseconds before the hash begins, for those who were let in: half of them wait no longer, and 99 of 100. */
  readonly median: number;
  readonly p99: number;
}

/** People come one by one, each without regard to the others (a Poisson process), and are served in their order. */
export function simulate({ cores, hash, utilisation, hasRushes, seed }: Crowd): Outcome {
  const random = generator(seed);
  const rate = (utilisation * cores) / hash;
  const freeAt = new Float64Array(cores);
  // When each of those let in is served: never out of order, so those who wait are the last of the list.
  const servedAt = new Float64Array(ARRIVALS);
  const waits = new Float64Array(ARRIVALS);
  let served = 0;
  let firstWaiting = 0;
  let now = 0;
  for (let n = 0; n < ARRIVALS; n++) {
    const isRush = hasRushes && (now / 1_000) % RUSH.every < RUSH.seconds;
    now -= Math.log(1 - random()) / (isRush ? rate * RUSH.factor : rate);
    while (firstWaiting < served && (servedAt[firstWaiting] ?? 0) <= now) firstWaiting++;
    if (served - firstWaiting >= WAITING * cores) continue;
    const core = firstFree(freeAt);
    const start = Math.max(now, freeAt[core] ?? 0);
    freeAt[core] = start + hash * (1 - SPREAD + 2 * SPREAD * random());
    servedAt[served] = start;
    waits[served] = start - now;
    served++;
  }
  const sorted = waits.subarray(0, served).sort();
  const at = (part: number) => sorted[Math.floor(served * part)] ?? 0;
  return { turnedAway: 1 - served / ARRIVALS, median: at(0.5), p99: at(0.99) };
}

function firstFree(freeAt: Float64Array): number {
  let first = 0;
  for (let core = 1; core < freeAt.length; core++)
    if ((freeAt[core] ?? 0) < (freeAt[first] ?? 0)) first = core;
  return first;
}

/** Numbers from 0 to below 1, the same at every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
