/** Cost of guarding a route: Latchkey and alternatives, alternating. */
import { type Contender, installContenders, startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, type Target, toFigure } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

interface Opponent {
  readonly name: string;
  /** Name in bench/contenders, or the path of another route of Latchkey's own process. */
  readonly contender: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Target for the ratio of Latchkey's rate to theirs. */
  readonly target?: Target;
  /** True when the target is close: it is measured in each round, others in every third. */
  readonly isClose?: boolean;
  /** True when it needs packages that Latchkey does not have. */
  readonly isForeign?: boolean;
}

const opponents: readonly Opponent[] = [
  { name: 'no guard', contender: 'bare', target: { atLeast: 0.8 }, isClose: true },
  {
    name: '@fastify/jwt with its cache',
    contender: 'fastify-jwt',
    settings: { BENCH_CACHE: '10000' },
    target: { atLeast: 1.5 },
    isClose: true,
  },
  // What the guard alone costs: everything else is the same, also what differs between two processes.
  { name: 'the same route, public', contender: '/public', isClose: true },
  { name: '@fastify/jwt', contender: 'fastify-jwt' },
  { name: 'reading the user’s row (Prisma)', contender: 'reading-guard', target: { atLeast: 5 } },
  { name: 'Express and passport-jwt', contender: 'express', isForeign: true },
  { name: 'Flask and gunicorn', contender: 'flask', target: { atLeast: 25 }, isForeign: true },
  { name: 'Better Auth', contender: 'better-auth', target: { atLeast: 30 }, isForeign: true },
];

/** Starts of each contender. The cost of a request differs from one process to the next: decision 0007. */
const STARTS = 3;

/** Seconds of warm-up for each, before the first round. */
const WARM_UP_SECONDS = 2;

export const guard: Part = {
  name: 'guard',
  title: 'A guarded route without database work, one core, 64 connections',
  measure: (effort) => compare(effort, opponents),
};

export const manyTokens: Part = {
  name: 'tokens',
  title: 'The same with 10,000 different live tokens in rotation',
  measure: (effort) => {
    const settings = { BENCH_TOKENS: '10000' };
    return compare(
      effort,
      [
        { name: 'no guard', contender: 'bare', settings, target: { atLeast: 0.75 }, isClose: true },
        {
          name: '@fastify/jwt with its cache',
          contender: 'fastify-jwt',
          settings: { ...settings, BENCH_CACHE: '10000' },
        },
      ],
      settings,
    );
  },
};

/** An opponent, and the ratios of Latchkey's rate to its own. */
interface Compared {
  readonly opponent: Opponent;
  readonly ratios: number[];
}

async function compare(
  effort: Effort,
  all: readonly Opponent[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Figure[]> {
  const invited = all.filter(({ isForeign }) => !(effort.isShort && isForeign));
  if (invited.some(({ isForeign }) => isForeign)) installContenders(effort.say);
  const compared = invited.map((opponent): Compared => ({ opponent, ratios: [] }));
  const rounds = Math.ceil(effort.rounds / STARTS);
  for (let start = 1; start <= STARTS; start++) await compareOnce({ ...effort, rounds }, compared, settings);
  return compared
    .filter(({ ratios }) => ratios.length > 0)
    .map(({ opponent, ratios }) => toFigure(opponent.name, ratios, 'x', opponent.target));
}

/** Starts all contenders and compares them for some rounds. */
async function compareOnce(
  { rounds, seconds, say }: Effort,
  compared: readonly Compared[],
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const ours = await startContender('latchkey', settings);
  if (ours === undefined) throw new Error('Latchkey did not start');
  const theirs: (Compared & { readonly contender: Contender })[] = [];
  for (const { opponent, ratios } of compared) {
    const contender = opponent.contender.startsWith('/')
      ? { ...ours, url: new URL(opponent.contender, ours.url).href }
      : await startContender(opponent.contender, opponent.settings);
    if (contender === undefined) say(`${opponent.name}: not on this machine, left out`);
    else theirs.push({ opponent, contender, ratios });
  }
  try {
    for (const { contender } of [{ contender: ours }, ...theirs]) await load(contender, WARM_UP_SECONDS);
    let before = await load(ours, seconds);
    for (let round = 1; round <= rounds; round++) {
      const present = theirs.filter(({ opponent }) => opponent.isClose || round === 1);
      for (const { contender, ratios } of present) {
        const { rate } = await load(contender, seconds);
        const after = await load(ours, seconds);
        // The load of the machine changes: between two measurements of the other, its rate is interpolated.
        ratios.push((before.rate + after.rate) / 2 / rate);
        before = after;
      }
      say(`round ${round} of ${rounds}: Latchkey ${Math.round(before.rate)}/s`);
    }
  } finally {
    for (const { contender } of [{ contender: ours }, ...theirs]) await contender.stop();
  }
}
