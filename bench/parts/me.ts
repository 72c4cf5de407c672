/**
 * `GET /me`, which reads one row, compared with routes that read the row without a check: through Prisma's
 * client, and with the same statement.
 */
import { startContender } from '../tools/contender.ts';
import { type Databases, onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toRatio } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

export const me: Part = {
  name: 'me',
  title: 'GET /me, of a call of Prisma without a guard, one core, 64 connections',
  measure: (effort) => onEach((databases) => compare(effort, databases)),
};

async function compare({ rounds, seconds, say }: Effort, { name, create }: Databases): Promise<Figure[]> {
  const DATABASE_URL = await create('me');
  const service = await startContender('service', { DATABASE_URL });
  const settings = { DATABASE_URL, BENCH_USER: service?.user ?? '' };
  const client = await startContender('bare-me', settings);
  const statement = await startContender('bare-me', { ...settings, BENCH_DIRECT: '1' });
  if (service === undefined || client === undefined || statement === undefined)
    throw new Error('A server did not start');
  const contenders = { service, client, statement };
  const rates = { service: [] as number[], client: [] as number[], statement: [] as number[] };
  const names = ['service', 'client', 'statement'] as const;
  const once = async (of: (typeof names)[number], duration: number): Promise<number> =>
    (await load({ ...contenders[of], url: `${contenders[of].url}/me` }, duration)).rate;
  try {
    for (const of of names) await once(of, 2);
    for (let round = 1; round <= rounds; round++) {
      for (const of of names) rates[of].push(await once(of, seconds));
      say(`${name}, round ${round} of ${rounds}: ${Math.round(rates.service.at(-1) ?? 0)}/s`);
    }
  } finally {
    for (const of of names) await contenders[of].stop();
  }
  return [
    toRatio(name, rates.service, rates.client, { atLeast: 0.8 }),
    toRatio(`${name}, of the same statement`, rates.service, rates.statement, { atLeast: 0.7 }),
  ];
}
