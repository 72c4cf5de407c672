/** Memory of a service after a million guarded requests with a hundred thousand different tokens. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

const REQUESTS = 1_000_000;
const TOKENS = 100_000;
/** Requests with a token before the next token: all of them are used, and the cached ones are used again. */
const REQUESTS_PER_TOKEN = REQUESTS / TOKENS;
/** Seconds of a measurement, after each of which the memory is read. */
const TURN_SECONDS = 5;

export const memory: Part = {
  name: 'memory',
  title: `Memory after ${REQUESTS.toLocaleString('en')} guarded requests with ${TOKENS.toLocaleString('en')} tokens`,
  measure,
};

async function measure({ say }: Effort): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const file = join(folder, 'tokens');
  const maker = await startContender('make-tokens', { BENCH_TOKENS: String(TOKENS), BENCH_FILE: file });
  await maker?.stop();
  const service = await startContender('latchkey');
  if (service === undefined) throw new Error('Latchkey did not start');
  const sizes: number[] = [];
  let requests = 0;
  try {
    while (requests < REQUESTS) {
      const first = Math.floor(requests / REQUESTS_PER_TOKEN) % TOKENS;
      const { count } = await load(
        { ...service, tokens: { file, first, times: REQUESTS_PER_TOKEN } },
        TURN_SECONDS,
      );
      requests += count;
      sizes.push(service.memory());
      say(`${requests} requests: ${sizes.at(-1)?.toFixed(0)} MB`);
    }
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  // From the time when each kind of object exists: the cache of tokens is full after the first 100,000.
  const later = sizes.slice(Math.floor(sizes.length / 2));
  const last = later.at(-1) ?? Number.NaN;
  return [
    toFigure('at the end', [last], 'MB', { atMost: 250 }),
    toFigure('of what it was half-way', [last / (later[0] ?? Number.NaN)], 'x', { atMost: 1.1 }),
  ];
}
