/**
 * `npm run fuzz`: sends what nobody meant to be sent to services in processes of their own, and holds every answer and every
 * line of their logs to what is promised.
 *
 *   npm run fuzz -- --seed=1 --requests=100000 --tokens=100000      as many, from this seed
 *   npm run fuzz -- --seed=1 --house=SQLite --operation=signIn --path=12:3     what a finding says of itself
 *
 * Exits with 1 when anything was found.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createPostgresDatabase, createSqliteDatabase } from '../database.ts';
import { type Operation, operations } from '../operations.ts';
import { startPostgres } from '../postgres-server.ts';
import { searchLog } from './checks.ts';
import { fuzzBytes, fuzzOperation, fuzzTokens } from './fuzz.ts';
import { House } from './house.ts';
import { Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    requests: { type: 'string', default: '12000' },
    tokens: { type: 'string', default: '15000' },
    house: { type: 'string' },
    operation: { type: 'string' },
    path: { type: 'string' },
  },
});
const repeat = { seed: Number(values.seed), ...(values.path !== undefined && { path: values.path }) };
const isChosen = (operation: string) => values.operation === undefined || values.operation === operation;

/** What is done at the end, in the order in which it was begun. */
const ends: (() => Promise<void> | void)[] = [];
const scope = { teardown: (work: () => Promise<void> | void) => void ends.push(work) };

interface Plan {
  readonly name: string;
  readonly open: (name: string) => Promise<House>;
  /** Part of the requests. */
  readonly share: number;
  readonly operations: readonly Operation[];
  readonly withTokens?: true;
}

const plans: readonly Plan[] = [
  {
    name: 'SQLite',
    open: async (name) => House.open(scope, name, await createSqliteDatabase(scope), true),
    share: 0.5,
    operations,
    withTokens: true,
  },
  {
    name: 'Postgres',
    open: async (name) => {
      const server = await startPostgres();
      scope.teardown(() => server.stop());
      return House.open(scope, name, await createPostgresDatabase(scope, server.url), true);
    },
    share: 0.45,
    operations,
  },
  {
    // Without mail, registering makes the account at once.
    name: 'SQLite without mail',
    open: async (name) => House.open(scope, name, await createSqliteDatabase(scope), false),
    share: 0.05,
    operations: operations.filter(({ operationId }) => operationId === 'registerUser'),
  },
];

/** How much there is to go wrong. */
const weightOf = ({ parameters, body }: Operation) =>
  1 + parameters.length * 2 + (body === undefined ? 0 : 2 + Object.keys(body.example).length * 2);
const BYTES_WEIGHT = 40;

async function fuzz({ name, open, share, operations: planned, withTokens }: Plan): Promise<Tally> {
  const started = performance.now();
  const house = await open(name);
  const tally = new Tally(name);
  const weights = planned.map(weightOf).reduce((sum, weight) => sum + weight, BYTES_WEIGHT);
  const runsOf = (weight: number) =>
    Math.max(3, Math.ceil((Number(values.requests) * share * weight) / weights));
  const chosen = planned.filter(({ operationId }) => isChosen(operationId));
  for (const operation of chosen)
    await fuzzOperation(house, operation, runsOf(weightOf(operation)), repeat, tally);
  if (isChosen('bytes')) await fuzzBytes(house, runsOf(BYTES_WEIGHT), repeat, tally);
  if (withTokens && isChosen('tokens')) await fuzzTokens(house, Number(values.tokens), repeat, tally);
  if (repeat.path === undefined) tally.requireAllReached(chosen);
  await close(house, tally);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${tally.total()} in ${seconds} s (${tally.summary()})`);
  if (tally.busy > 0) console.log(`${name}: ${tally.busy} were turned away, the machine has too much to do`);
  return tally;
}

/** Ends the service, which has to go as it should, and searches what it has printed. */
async function close(house: House, tally: Tally): Promise<void> {
  try {
    await house.service.stop();
  } catch (error) {
    tally.find(`${error instanceof Error ? error.message : error}`.slice(0, 2_000));
  }
  for (const wrong of searchLog(house.service.stdout(), house).slice(0, 3)) tally.find(wrong.slice(0, 1_000));
}

async function main(): Promise<number> {
  console.log(
    `npm run fuzz -- --seed=${values.seed} --requests=${values.requests} --tokens=${values.tokens}`,
  );
  const chosen = plans.filter(({ name }) => values.house === undefined || values.house === name);
  let tallies: Tally[];
  try {
    tallies = await Promise.all(chosen.map(fuzz));
  } finally {
    // Of a service that printed what it may not, this says so again.
    for (const end of ends.reverse()) await Promise.resolve(end()).catch(() => {});
  }
  const findings = tallies.flatMap((tally) => tally.findings);
  for (const finding of findings) console.log(`\nFOUND ${finding}`);
  const sum = (count: (tally: Tally) => number) => tallies.map(count).reduce((all, one) => all + one, 0);
  console.log(
    `\n${sum((tally) => tally.total('tokens'))} requests and ${sum((tally) => tally.of('tokens'))} tokens, ${findings.length} found; --seed=${values.seed}`,
  );
  return findings.length === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
