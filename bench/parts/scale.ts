/** Comparison of a million users with a thousand, and of many revocations with none. */
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { seedUsers } from '../seed-users.ts';
import { type Contender, startContender } from '../tools/contender.ts';
import { type Databases, onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toFigure, toRatio } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

const FEW = 1_000;
const MANY = 1_000_000;
/** Measurements of each request, after some to warm up. */
const ATTEMPTS = 101;
const WARM_UP_ATTEMPTS = 20;
const REVOCATIONS = 100_000;

export const scale: Part = {
  name: 'scale',
  title: `Time of a request with ${MANY.toLocaleString('en')} users, of that with ${FEW.toLocaleString('en')} (medians of ${ATTEMPTS})`,
  // One after the other: on a slow machine, filling SQLite would let the connection to Postgres time out.
  measure: ({ say }) => onEach(async (databases) => compareSizes(await seed(databases, say), say)),
};

export const revocations: Part = {
  name: 'revocations',
  title: `A guarded route with ${REVOCATIONS.toLocaleString('en')} revocations in memory, of that with none`,
  measure: compareRevocations,
};

/** Sends one request. @returns its time in milliseconds */
type Try = () => Promise<number>;

/** URLs of a database with few users and of one with many. */
interface Sizes {
  readonly name: string;
  readonly few: string;
  readonly many: string;
}

async function seed({ name, create }: Databases, say: Effort['say']): Promise<Sizes> {
  const sizes = { name, few: await create('few'), many: await create('many') };
  await migrate(sizes.few);
  await seedUsers(sizes.few, FEW);
  await migrate(sizes.many);
  await seedUsers(sizes.many, MANY, (done) => {
    if (done % 250_000 === 0) say(`${name}: ${done} users`);
  });
  return sizes;
}

async function compareSizes(sizes: Sizes, say: Effort['say']): Promise<Figure[]> {
  const [few, many] = [await startOn(sizes.few), await startOn(sizes.many)];
  try {
    const [ofFew, ofMany] = [requestsTo(few), requestsTo(many)];
    const figures: Figure[] = [];
    for (const [request, tryFew] of Object.entries(ofFew)) {
      const tryMany = ofMany[request];
      if (tryMany === undefined) continue;
      const figure = await inTurns(`${sizes.name}: ${request}`, tryFew, tryMany);
      say(`${figure.name}: ${figure.median.toFixed(2)}`);
      figures.push(figure);
    }
    return figures;
  } finally {
    await few.stop();
    await many.stop();
  }
}

async function startOn(url: string): Promise<Contender> {
  const service = await startContender('service', { DATABASE_URL: url, BENCH_USERS: '2' });
  if (service === undefined) throw new Error('Latchkey did not start');
  return service;
}

/** The user with a password was created last: the second one of bench/contenders/service.js. */
function requestsTo({ url, tokens, refreshTokens }: Contender): Readonly<Record<string, Try>> {
  let [refreshToken] = refreshTokens ?? [];
  const authorization = `Bearer ${tokens[0]}`;
  const timed = async (path: string, body?: object) => {
    const started = performance.now();
    const answer = await fetch(url + path, {
      headers: { authorization, 'content-type': 'application/json', 'x-forwarded-for': '10.0.0.1' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return { took: performance.now() - started, text };
  };
  const read =
    (path: string): Try =>
    async () =>
      (await timed(path)).took;
  return {
    'POST /refresh': async () => {
      const { took, text } = await timed('/refresh', { refreshToken });
      refreshToken = JSON.parse(text).refreshToken;
      return took;
    },
    'GET /me': read('/me'),
    'GET /users': read('/users'),
    'GET /users?sort=-createdAt': read('/users?sort=-createdAt'),
    'GET /users?sort=name': read('/users?sort=name'),
    'GET /users?q=ada': read('/users?q=ada'),
    // Both have more than one page of guests.
    'GET /users?access=0': read('/users?access=0'),
    // The last one: with more than a hundred sessions, it evicts one of the others.
    'POST /login': async () =>
      (await timed('/login', { email: 'user-1@example.com', password: 'correct horse battery staple' })).took,
  };
}

/**
 * Each one goes first in half of the measurements; the spread is that of the ratios in each fifth of them.
 */
async function inTurns(name: string, few: Try, many: Try): Promise<Figure> {
  const times = { few: [] as number[], many: [] as number[] };
  for (let n = -WARM_UP_ATTEMPTS; n < ATTEMPTS; n++) {
    const isOdd = n % 2 !== 0;
    const first = await (isOdd ? few : many)();
    const second = await (isOdd ? many : few)();
    if (n < 0) continue;
    times.few.push(isOdd ? first : second);
    times.many.push(isOdd ? second : first);
  }
  const ratio = (from: number, to: number) =>
    median(times.many.slice(from, to)) / median(times.few.slice(from, to));
  const fifths = Array.from({ length: 5 }, (_, n) => ratio((n * ATTEMPTS) / 5, ((n + 1) * ATTEMPTS) / 5));
  return { ...toFigure(name, fifths, 'x', { atMost: 1.2 }), median: ratio(0, ATTEMPTS) };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

async function compareRevocations({ rounds, seconds, say }: Effort): Promise<Figure[]> {
  const none = await startContender('latchkey');
  const full = await startContender('latchkey', { BENCH_REVOCATIONS: String(REVOCATIONS) });
  if (none === undefined || full === undefined) throw new Error('Latchkey did not start');
  const rates = { none: [] as number[], full: [] as number[] };
  try {
    for (const contender of [none, full]) await load(contender, 2);
    for (let round = 1; round <= rounds; round++) {
      rates.none.push((await load(none, seconds)).rate);
      rates.full.push((await load(full, seconds)).rate);
      say(`round ${round} of ${rounds}: ${Math.round(rates.full.at(-1) ?? 0)}/s`);
    }
  } finally {
    await none.stop();
    await full.stop();
  }
  return [toRatio('rate', rates.full, rates.none, { atLeast: 1 / 1.05 })];
}
