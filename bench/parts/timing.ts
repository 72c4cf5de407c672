/**
 * User enumeration: neither the answer nor its time may reveal whether an account exists. 500 attempts of
 * each kind, alternating.
 */
import { type Contender, startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';

const ATTEMPTS = 500;
const WARM_UP_ATTEMPTS = 20;

/** Maximum relative difference of two medians. */
const MAX_DIFFERENCE = 0.05;

/** The service creates disabled and other users alternately: bench/contenders/service.js. */
const addresses = {
  existing: (n: number) => `user-${2 * n + 1}@example.com`,
  unknown: (n: number) => `nobody-${n}@example.com`,
  disabled: (n: number) => `user-${2 * n}@example.com`,
} as const;
type Kind = keyof typeof addresses;
const kinds = Object.keys(addresses).filter((name): name is Kind => name in addresses);

const routes: Readonly<Record<string, (email: string) => object>> = {
  '/login': (email) => ({ email, password: 'wrong wrong wrong' }),
  '/password/forgot': (email) => ({ email }),
  '/register': (email) => ({ name: 'Ada', email, password: 'blue whales sing at noon' }),
};

export const timing: Part = {
  name: 'timing',
  title: 'Time that unknown and disabled accounts take, of that of existing ones (medians of 500)',
  measure,
};

async function measure({ say }: Effort): Promise<Figure[]> {
  const service = await startContender('service', { BENCH_USERS: String(2 * (ATTEMPTS + WARM_UP_ATTEMPTS)) });
  if (service === undefined) throw new Error('Latchkey did not start');
  try {
    const figures: Figure[] = [];
    for (const [path, bodyFor] of Object.entries(routes)) {
      const times = await tryAll(service, path, bodyFor);
      say(kinds.map((kind) => `${path} ${kind}: ${median(times[kind]).toFixed(2)} ms`).join(', '));
      figures.push(compare(path, 'unknown', times), compare(path, 'disabled', times));
    }
    return figures;
  } finally {
    await service.stop();
  }
}

type Times = Record<Kind, number[]>;

async function tryAll(service: Contender, path: string, bodyFor: (email: string) => object): Promise<Times> {
  const times: Times = { existing: [], unknown: [], disabled: [] };
  for (let n = 0; n < ATTEMPTS + WARM_UP_ATTEMPTS; n++) {
    const seen = new Set<string>();
    // Each kind comes first, second and third equally often.
    const turn = kinds.map((_, at) => kinds[(at + n) % kinds.length] ?? 'existing');
    for (const kind of turn) {
      const { took, told } = await ask(service.url + path, bodyFor(addresses[kind](n)), `${n}-${kind}`);
      if (n >= WARM_UP_ATTEMPTS) times[kind].push(took);
      seen.add(told);
    }
    if (seen.size !== 1) throw new Error(`${path} tells who has an account:\n${[...seen].join('\n')}`);
  }
  return times;
}

let network = 0;

/** @returns milliseconds, and everything that the answer reveals */
async function ask(url: string, body: object, id: string): Promise<{ took: number; told: string }> {
  // From a separate network, which has no failures yet.
  network++;
  const started = performance.now();
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': `10.${network >> 16}.${(network >> 8) & 255}.${network & 255}`,
      'user-agent': id,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const took = performance.now() - started;
  if (answer.status >= 429) throw new Error(`${url}: ${answer.status} ${text}`);
  const told = text.replace(/"requestId":"[^"]*"/, '');
  return { took, told: [answer.status, told, ...answer.headers.keys()].join(' ') };
}

/** Ratio of the medians; its spread is that of the ratios in each tenth of the attempts. */
function compare(path: string, kind: Kind, times: Times): Figure {
  const ratio = (from: number, to: number) =>
    median(times[kind].slice(from, to)) / median(times.existing.slice(from, to));
  const tenths = Array.from({ length: 10 }, (_, n) => ratio((n * ATTEMPTS) / 10, ((n + 1) * ATTEMPTS) / 10));
  const target = { atLeast: 1 - MAX_DIFFERENCE, atMost: 1 + MAX_DIFFERENCE };
  return { ...toFigure(`POST ${path}, ${kind}`, tenths, 'x', target), median: ratio(0, ATTEMPTS) };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
