/** What others see of an attack: health checks and guarded requests at a steady pace, on connections of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** One request of a bystander. */
export interface Observation {
  readonly route: string;
  /** The status, or what broke. */
  readonly outcome: number | string;
  /** Milliseconds from when it was due to when all of the answer was there. */
  readonly tookMs: number;
}

export interface Bystanders {
  /** Waits for the requests under way. */
  stop(): Promise<readonly Observation[]>;
}

/** Milliseconds that {@link watchCalm} takes. */
const CALM_MS = 5_000;

/**
 * Asks `/health/live` and `GET /me` a hundred times a second, from a process of its own so that nothing that the test does distorts
 * the figures. Behind a proxy that is believed (`TRUST_PROXY=1`) each request comes from another network than the one before.
 *
 * @param token of somebody who may
 */
export async function watchBystanders(url: string, token: string): Promise<Bystanders> {
  const child = fork(new URL('./bystander-process.ts', import.meta.url), { execArgv: [] });
  child.send({ url, token });
  const [ready] = await messageOf(child);
  if (ready !== 'ready') throw new Error('The bystanders did not begin');
  // A test that fails before it stops them ends all the same, and they with it.
  child.unref();
  child.channel?.unref();
  return {
    stop: async () => {
      child.ref();
      child.channel?.ref();
      child.send('stop');
      const [observations] = await messageOf(child);
      return observations;
    },
  };
}

/** What bystanders see without attackers, to hold the same load with attackers to. */
export async function watchCalm(url: string, token: string): Promise<readonly Observation[]> {
  const bystanders = await watchBystanders(url, token);
  await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  return bystanders.stop();
}

/** The requests that got another answer than a 200, in words. */
export function refusedBystanders(observations: readonly Observation[]): readonly string[] {
  return observations
    .filter(({ outcome }) => outcome !== 200)
    .map(({ route, outcome }) => `GET ${route}: ${outcome}`);
}

/**
 * One line for the report.
 *
 * @param calm seen without attackers
 * @param attacked seen with them
 */
export function describeBystanders(calm: readonly Observation[], attacked: readonly Observation[]): string {
  const routes = [...new Set(attacked.map(({ route }) => route))];
  const parts = routes.map((route) => {
    const [before, after] = [calm, attacked].map((all) => all.filter((one) => one.route === route));
    const compare = (part: number) => {
      const [from, to] = [quantile(before, part), quantile(after, part)];
      return `${from.toFixed(1)} -> ${to.toFixed(1)} ms (x${(to / from).toFixed(1)})`;
    };
    return `GET ${route} median ${compare(0.5)}, 99th percentile ${compare(0.99)}`;
  });
  const refused = refusedBystanders(attacked).length;
  return `bystanders: ${parts.join('; ')}; ${refused} of ${attacked.length} refused`;
}

function quantile(observations: readonly Observation[] = [], part: number): number {
  const sorted = observations.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** @throws {Error} when the process ends instead */
function messageOf(child: ChildProcess): ReturnType<typeof once> {
  const isOver = new AbortController();
  const ended = once(child, 'exit', { signal: isOver.signal }).then(() => {
    throw new Error('The bystanders have gone');
  });
  ended.catch(() => {});
  return Promise.race([once(child, 'message'), ended]).finally(() => isOver.abort());
}
