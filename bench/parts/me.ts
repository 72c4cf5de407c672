/** `GET /me`, which reads one row, and a route that reads the row and checks nothing. */
import { startContender } from '../tools/contender.ts';
import { type Databases, onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toRatio } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

export const me: Part = {
  name: 'me',
  title: 'GET /me, of the same database call without a guard, one core, 64 connections',
  measure: (effort) => onEach((databases) => compare(effort, databases)),
};

async function compare({ rounds, seconds, say }: Effort, { name, create }: Databases): Promise<Figure[]> {
  const DATABASE_URL = await create('me');
  const service = await startContender('service', { DATABASE_URL });
  if (service === undefined) throw new Error('Latchkey did not start');
  const bare = await startContender('bare-me', { DATABASE_URL, BENCH_USER: service.user ?? '' });
  if (bare === undefined) throw new Error('bare-me did not start');
  const [ours, theirs] = [service, bare].map((of) => ({ ...of, url: `${of.url}/me` }));
  const rates = { ours: [] as number[], theirs: [] as number[] };
  try {
    if (ours === undefined || theirs === undefined) return [];
    for (const target of [ours, theirs]) await load(target, 2);
    for (let round = 1; round <= rounds; round++) {
      rates.ours.push((await load(ours, seconds)).rate);
      rates.theirs.push((await load(theirs, seconds)).rate);
      say(`${name}, round ${round} of ${rounds}: ${Math.round(rates.ours.at(-1) ?? 0)}/s`);
    }
  } finally {
    await service.stop();
    await bare.stop();
  }
  return [toRatio(name, rates.ours, rates.theirs, { atLeast: 0.8 })];
}
