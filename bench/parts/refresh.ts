/** `POST /refresh`, which is one transaction. */
import { type Client, startClient } from '../tools/client.ts';
import { type Contender, startContender } from '../tools/contender.ts';
import { type Databases, onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toFigure, toRatio } from '../tools/figures.ts';

const SESSIONS = 32;
/** Refreshes per second that are enough, independent of the rate of the transaction alone. */
const MIN_RATE = 800;

export const refresh: Part = {
  name: 'refresh',
  title: `POST /refresh: ${MIN_RATE}/s, or 0.8 of the transaction alone by Prisma, one core, ${SESSIONS} sessions`,
  measure: (effort) => onEach((databases) => compare(effort, databases)),
};

async function compare({ rounds, seconds, say }: Effort, { name, create }: Databases): Promise<Figure[]> {
  const DATABASE_URL = await create('refresh');
  const service = await startContender('service', { DATABASE_URL, BENCH_SESSIONS: String(2 * SESSIONS) });
  const bare = await startContender('bare-refresh', { DATABASE_URL });
  if (service === undefined || bare === undefined) throw new Error('A server did not start');
  const tokens = service.refreshTokens ?? [];
  const ours = await clientOf(service, tokens.slice(0, SESSIONS));
  const theirs = await clientOf(bare, tokens.slice(SESSIONS));
  const rates = { ours: [] as number[], theirs: [] as number[] };
  try {
    for (const client of [ours, theirs]) await client.work(2);
    for (let round = 1; round <= rounds; round++) {
      rates.ours.push((await ours.work(seconds)).rate);
      rates.theirs.push((await theirs.work(seconds)).rate);
      say(`${name}, round ${round} of ${rounds}: ${Math.round(rates.ours.at(-1) ?? 0)}/s`);
    }
  } finally {
    for (const running of [ours, theirs, service, bare]) await running.stop();
  }
  const rate = toFigure(name, rates.ours, '/s', { atLeast: MIN_RATE });
  const ratio = toRatio(`${name}, of the transaction alone`, rates.ours, rates.theirs);
  return rate.median >= MIN_RATE
    ? [rate, ratio]
    : [toFigure(name, rates.ours, '/s'), { ...ratio, target: { atLeast: 0.8 } }];
}

function clientOf({ url }: Contender, tokens: readonly string[]): Promise<Client> {
  return startClient('refresh', {
    BENCH_URL: url,
    BENCH_REFRESH_TOKENS: tokens.join(' '),
    BENCH_CONNECTIONS: String(SESSIONS),
  });
}
