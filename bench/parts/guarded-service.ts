/** Cost of guarding a service elsewhere: @latchkey/guard, jose alone, and introspection at each request. */
import { randomUUID } from 'node:crypto';
import { newApiKey } from '../../src/tokens/api-key.ts';
import { freePort } from '../../test/postgres-server.ts';
import { type Contender, LOAD_CORE, startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, type Target, toFigure } from '../tools/figures.ts';
import { type LoadTarget, load } from '../tools/load.ts';

const WARM_UP_SECONDS = 2;

export const guardedService: Part = {
  name: 'guarded-service',
  title: 'A service with @latchkey/guard, one core, 64 connections',
  measure,
};

interface Opponent {
  readonly name: string;
  readonly target: LoadTarget;
  /** For the ratio of the guard's rate to theirs. */
  readonly wanted?: Target;
  readonly ratios: number[];
}

async function measure({ rounds, seconds, say }: Effort): Promise<Figure[]> {
  const settings = {
    BENCH_ISSUER: `http://127.0.0.1:${await freePort()}`,
    BENCH_ISSUER_CORE: String(LOAD_CORE),
    BOOTSTRAP_API_KEY: newApiKey(randomUUID()),
  };
  const started: Contender[] = [];
  const start = async (name: string, own = {}) => {
    const contender = await startContender(name, { ...settings, ...own });
    if (contender === undefined) throw new Error(`${name} did not start`);
    started.push(contender);
    return contender;
  };
  try {
    const { tokens } = await start('issuer');
    const [token = '', key = ''] = tokens;
    const { url } = await start('guarded-service');
    const [jose, introspection] = [
      await start('guarded-service', { BENCH_BY: 'jose' }),
      await start('guarded-service', { BENCH_BY: 'introspection' }),
    ];
    const ours: LoadTarget = { url, tokens: [token] };
    const opponents: readonly Opponent[] = [
      {
        name: 'jose alone',
        target: { url: jose.url, tokens: [token] },
        wanted: { atLeast: 0.8 },
        ratios: [],
      },
      {
        name: 'introspection at each request',
        target: { url: introspection.url, tokens: [token] },
        wanted: { atLeast: 10 },
        ratios: [],
      },
      { name: 'the guard itself with an API key', target: { url, tokens: [key] }, ratios: [] },
    ];
    for (const target of [ours, ...opponents.map(({ target }) => target)])
      await load(target, WARM_UP_SECONDS);
    let before = await load(ours, seconds);
    for (let round = 1; round <= rounds; round++) {
      for (const { target, ratios } of opponents) {
        const { rate } = await load(target, seconds);
        const after = await load(ours, seconds);
        // The load of the machine changes: between two measurements of the other, its rate is interpolated.
        ratios.push((before.rate + after.rate) / 2 / rate);
        before = after;
      }
      say(`round ${round} of ${rounds}: the guard ${Math.round(before.rate)}/s`);
    }
    return opponents.map(({ name, ratios, wanted }) => toFigure(`of ${name}`, ratios, 'x', wanted));
  } finally {
    for (const contender of started) await contender.stop();
  }
}
