/** Bystanders of an attack: health checks and guarded requests at a steady rate, on separate connections. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** One request of a bystander. */
export interface Observation {
  readonly route: string;
  /** Status of the response, or the error. */
  readonly outcome: number | string;
  /** Milliseconds from the scheduled time to the complete response. */
  readonly tookMs: number;
}

export interface Bystanders {
  /** Waits for the pending requests. */
  stop(): Promise<readonly Observation[]>;
}

/** Duration of {@link watchCalm}. */
const CALM_MS = 5_000;

/**
 * Requests `/health/live` and `GET /me` a hundred times a second, from a separate process so that the test
 * itself does not distort the figures. Behind a trusted proxy (`TRUST_PROXY=1`), each request comes from
 * another network than the one before.
 *
 * @param token access token for `GET /me`
 */
export async function watchBystanders(url: string, token: string): Promise<Bystanders> {
  const child = fork(new URL('./bystander-process.ts', import.meta.url), { execArgv: [] });
  child.send({ url, token });
  const [ready] = await messageOf(child);
  if (ready !== 'ready') throw new Error('The bystanders did not begin');
  // When a test fails before it stops them, they end with it.
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

/** Measures the bystanders without attackers, as the baseline. */
export async function watchCalm(url: string, token: string): Promise<readonly Observation[]> {
  const bystanders = await watchBystanders(url, token);
  await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  return bystanders.stop();
}

/** Describes the requests whose response was not a 200. */
export function refusedBystanders(observations: readonly Observation[]): readonly string[] {
  return observations
    .filter(({ outcome }) => outcome !== 200)
    .map(({ route, outcome }) => `GET ${route}: ${outcome}`);
}

/**
 * Formats one line for the report.
 *
 * @param calm requests without attackers
 * @param attacked requests during the attack
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

/** Waits for a message of the process. @throws {Error} when the process ends instead */
function messageOf(child: ChildProcess): ReturnType<typeof once> {
  const isOver = new AbortController();
  const ended = once(child, 'exit', { signal: isOver.signal }).then(() => {
    throw new Error('The bystanders have gone');
  });
  ended.catch(() => {});
  return Promise.race([once(child, 'message'), ended]).finally(() => isOver.abort());
}
