/** The test vectors of docs/reference/feed.md, and a driver of any guard. */
import { readFileSync } from 'node:fs';

export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** A guard, as the vectors ask it. */
export interface VectorGuard {
  /** Takes an answer of the feed. A guard that cannot use it may throw. */
  take(answer: unknown, sent: Moment): Promise<void>;
  /** @returns `200`, or the status and the slug of the problem */
  ask(token: string, minimum: string): Promise<string>;
}

interface Get {
  readonly sent: number;
  readonly received: number;
  readonly answer: unknown;
}

interface Ask {
  readonly at: number;
  /** The wall clock, where it is not the beginning and `at`. */
  readonly wall?: number;
  readonly token: string;
  readonly minimum: string;
  readonly expected: string;
}

export const vectors: {
  readonly issuer: string;
  readonly began: number;
  readonly jwks: object;
  readonly cases: readonly { readonly name: string; readonly steps: readonly (Get | Ask)[] }[];
} = JSON.parse(readFileSync(new URL('../../docs/reference/feed-vectors.json', import.meta.url), 'utf8'));

/** A clock that the vectors set. */
export class VectorClock {
  now: Moment = { monotonic: 0, wall: vectors.began };
  monotonic = () => this.now.monotonic;
  wall = () => this.now.wall;
}

/** Runs one case. @returns what the guard said, beside what is expected */
export async function runCase(
  { steps }: (typeof vectors.cases)[number],
  clock: VectorClock,
  guard: VectorGuard,
): Promise<{ readonly said: string[]; readonly expected: string[] }> {
  const [said, expected]: [string[], string[]] = [[], []];
  const at = (ms: number, wall = vectors.began + ms) => ({ monotonic: ms, wall });
  for (const step of steps) {
    if ('answer' in step) {
      clock.now = at(step.received);
      await guard.take(step.answer, at(step.sent)).catch(() => {});
    } else {
      clock.now = at(step.at, step.wall);
      said.push(await guard.ask(step.token, step.minimum));
      expected.push(step.expected);
    }
  }
  return { said, expected };
}
