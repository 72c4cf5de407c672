/** Cost of guarding a route for a caller with an API key, beside one with an access token. */
import { type Contender, startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

/** Keys in memory of the service that has many. */
const KEYS = 10_000;

/** Seconds of warm-up: every key is seen once, and read from the database. */
const WARM_UP_SECONDS = 6;

export const keys: Part = {
  name: 'keys',
  title: `A guarded request with an API key beside one with a token, and ${KEYS.toLocaleString('en')} keys`,
  measure,
};

async function measure({ rounds, seconds, say }: Effort): Promise<Figure[]> {
  const token = await start({});
  const one = await start({ BENCH_KEYS: '1' });
  const many = await start({ BENCH_KEYS: String(KEYS) });
  const tokens = await start({ BENCH_TOKENS: String(KEYS) });
  const all = [token, one, many, tokens];
  const ofOne: number[] = [];
  const ofMany: number[] = [];
  try {
    const before = many.memory();
    for (const contender of all) await load(contender, WARM_UP_SECONDS);
    const taken = many.memory() - before - (one.memory() - token.memory());
    for (let round = 1; round <= rounds; round++) {
      // On one core, the rates are the inverse of the processor time of a request.
      ofOne.push((await load(token, seconds)).rate / (await load(one, seconds)).rate);
      ofMany.push((await load(tokens, seconds)).rate / (await load(many, seconds)).rate);
      say(`round ${round} of ${rounds}: ${ofOne.at(-1)?.toFixed(3)} and ${ofMany.at(-1)?.toFixed(3)}`);
    }
    return [
      toFigure('processor time of a request, of that with a token', ofOne, 'x', { atMost: 1.1 }),
      toFigure(`the same with ${KEYS} keys and ${KEYS} tokens`, ofMany, 'x'),
      toFigure(`memory after all ${KEYS} keys were used`, [many.memory()], 'MB'),
      toFigure('of it, more than before they were used', [Math.max(0, taken)], 'MB'),
    ];
  } finally {
    for (const contender of all) await contender.stop();
  }
}

async function start(settings: Readonly<Record<string, string>>): Promise<Contender> {
  const contender = await startContender('latchkey', { ...settings, BENCH_POLL_INTERVAL: '1' });
  if (contender === undefined) throw new Error('Latchkey did not start');
  return contender;
}
