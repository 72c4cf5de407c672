/**
 * `npm run fuzz`: sends unexpected requests to services in separate processes, and checks every response and
 * every line of their logs.
 *
 *   npm run fuzz -- --seed=1 --requests=100000 --tokens=100000      this many, from this seed
 *   npm run fuzz -- --seed=1 --service=SQLite --operation=signIn --path=12:3   as a finding prints it
 *
 * Exits with 1 when there is a finding.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createPostgresDatabase, createSqliteDatabase } from '../database.ts';
import { type Operation, operations } from '../operations.ts';
import { startPostgres } from '../postgres-server.ts';
import { searchLog } from './checks.ts';
import { fuzzBytes, fuzzOperation, fuzzTokens } from './fuzz.ts';
import { FuzzedService } from './service.ts';
import { Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    requests: { type: 'string', default: '12000' },
    tokens: { type: 'string', default: '15000' },
    service: { type: 'string' },
    operation: { type: 'string' },
    path: { type: 'string' },
  },
});
const repeat = { seed: Number(values.seed), ...(values.path !== undefined && { path: values.path }) };
const isChosen = (operation: string) => values.operation === undefined || values.operation === operation;

/** Teardown functions, which run at the end in the order of their registration. */
const ends: (() => Promise<void> | void)[] = [];
const scope = { teardown: (work: () => Promise<void> | void) => void ends.push(work) };

interface Plan {
  readonly name: string;
  readonly open: (name: string) => Promise<FuzzedService>;
  /** Share of the requests. */
  readonly share: number;
  readonly operations: readonly Operation[];
  readonly withTokens?: true;
}

const plans: readonly Plan[] = [
  {
    name: 'SQLite',
    open: async (name) => FuzzedService.open(scope, name, await createSqliteDatabase(scope), true),
    share: 0.5,
    operations,
    withTokens: true,
  },
  {
    name: 'Postgres',
    open: async (name) => {
      const server = await startPostgres();
      scope.teardown(() => server.stop());
      return FuzzedService.open(scope, name, await createPostgresDatabase(scope, server.url), true);
    },
    share: 0.45,
    operations,
  },
  {
    // Without mail, a registration creates the account at once.
    name: 'SQLite without mail',
    open: async (name) => FuzzedService.open(scope, name, await createSqliteDatabase(scope), false),
    share: 0.05,
    operations: operations.filter(({ operationId }) => operationId === 'registerUser'),
  },
];

/** Weighs an operation by the number of its inputs. */
const weightOf = ({ parameters, body }: Operation) =>
  1 + parameters.length * 2 + (body === undefined ? 0 : 2 + Object.keys(body.example).length * 2);
const BYTES_WEIGHT = 40;

async function fuzz({ name, open, share, operations: planned, withTokens }: Plan): Promise<Tally> {
  const started = performance.now();
  const fuzzed = await open(name);
  const tally = new Tally(name);
  const weights = planned.map(weightOf).reduce((sum, weight) => sum + weight, BYTES_WEIGHT);
  const runsOf = (weight: number) =>
    Math.max(3, Math.ceil((Number(values.requests) * share * weight) / weights));
  const chosen = planned.filter(({ operationId }) => isChosen(operationId));
  for (const operation of chosen)
    await fuzzOperation(fuzzed, operation, runsOf(weightOf(operation)), repeat, tally);
  if (isChosen('bytes')) await fuzzBytes(fuzzed, runsOf(BYTES_WEIGHT), repeat, tally);
  if (withTokens && isChosen('tokens')) await fuzzTokens(fuzzed, Number(values.tokens), repeat, tally);
  if (repeat.path === undefined) tally.requireAllReached(chosen);
  await close(fuzzed, tally);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${tally.total()} in ${seconds} s (${tally.summary()})`);
  if (tally.busy > 0) console.log(`${name}: ${tally.busy} were turned away, the machine has too much to do`);
  return tally;
}

/** Stops the service, which must end normally, and searches its log. */
async function close(fuzzed: FuzzedService, tally: Tally): Promise<void> {
  try {
    await fuzzed.service.stop();
  } catch (error) {
    tally.find(`${error instanceof Error ? error.message : error}`.slice(0, 2_000));
  }
  for (const wrong of searchLog(fuzzed.service.stdout(), fuzzed).slice(0, 3))
    tally.find(wrong.slice(0, 1_000));
}

async function main(): Promise<number> {
  console.log(
    `npm run fuzz -- --seed=${values.seed} --requests=${values.requests} --tokens=${values.tokens}`,
  );
  const chosen = plans.filter(({ name }) => values.service === undefined || values.service === name);
  let tallies: Tally[];
  try {
    tallies = await Promise.all(chosen.map(fuzz));
  } finally {
    // For a service that printed a secret, this repeats the finding.
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
