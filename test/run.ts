/**
 * `npm test`: the whole suite on SQLite and on a Postgres that is started here. Test files that are about neither run once.
 *
 *   npm test -- users test/access     only the files whose path has one of these in it
 *   npm test -- --db=sqlite           only one of the databases (sqlite, postgres)
 *   npm run faults                    the fault tests (`*.fault.ts`), one at a time, with their figures
 *   npm run faults -- --seed=1        with the load of this seed
 *   npm run packaging                 the image's steps, installations and other versions of Node.js (`*.packaging.ts`)
 *   npm test -- --db=pgbouncer        what runs on Postgres, through PgBouncer in transaction mode, which must be installed
 *
 * The last line is `N passed, N failed` and the time. Exits with 1 when anything failed, was skipped, crashed, timed out or did not run.
 * TEST_POSTGRES_URL, a superuser's, spares the start of Postgres where there are no binaries for the machine.
 *
 * Test files are run by plain Node.js, as production is, and not by `tap run`: its loaders double the time of the suite and
 * get into the processes that tests start.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, statfs } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { migrate } from '#latchkey/db/migrate.ts';
import { createPostgresDatabase, createSqliteDatabase, type TestDatabase } from './database.ts';
import { findLeaks } from './leaks.ts';
import { startPgBouncer } from './pgbouncer-server.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { readTap } from './tap-report.ts';
import {
  type Database,
  databases,
  findRuns,
  isDatabase,
  isSuite,
  type Run,
  type Suite,
  suites,
} from './test-files.ts';

interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/** Of our own environment the tests see no more: neither a developer's DATABASE_URL nor PGHOST may reach them. */
const inherited =
  /^(PATH|HOME|USER|LANG|TERM|CI|NO_COLOR|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|TMPDIR|NODE_COMPILE_CACHE|TEST_POSTGRES_URL|TEST_FRONT)$/;

/**
 * Of Node.js: V8's optimizing compiler does not pay off in a process that ends soon. The services that tests start run without it all.
 */
const OPTIONS = ['--no-opt', '--import=./test/plain-promises.ts', '--import=./test/evidence.ts'];

/** A file system in memory, and how many bytes of it are enough: the suite takes a third of that. */
const MEMORY = '/dev/shm';
const ROOM = 1e9;

const root = resolve(import.meta.dirname, '..');
const running: { folder?: string; postgres?: Promise<PostgresServer>; aborted?: boolean } = {};
const tests = new Set<ChildProcess>();
/** What is to be undone when all files have run, in the order in which it was done. */
const ends: (() => Promise<void>)[] = [];
const scope = { teardown: (work: () => Promise<void>) => void ends.push(work) };

async function main(): Promise<number> {
  const started = performance.now();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { db: { type: 'string' }, suite: { type: 'string', default: 'test' }, seed: { type: 'string' } },
  });
  const { suite } = values;
  if (!isSuite(suite)) throw new Error(`--suite is one of ${Object.keys(suites).join(', ')}`);
  const chosen = Object.keys(databases)
    .filter(isDatabase)
    .filter((name) => (values.db === undefined ? name !== 'pgbouncer' : name === values.db));
  if (chosen.length === 0) throw new Error(`--db is one of ${Object.keys(databases).join(', ')}`);
  const runs = await findRuns(root, suite, positionals, chosen);
  if (runs.length === 0)
    throw new Error(
      `no test file that runs on ${chosen.join(' or ')} has ${positionals.join(' or ')} in its path`,
    );

  // Everything temporary goes into one folder, which is removed at the end. `nobody`, as whom root runs Postgres, may pass.
  running.folder = await mkdtemp(join(await temporaryFolder(suites[suite]), 'latchkey-test-'));
  await chmod(running.folder, 0o711);
  process.env.TMPDIR = running.folder;
  // Sources are TypeScript: without a cache, each process would strip the types of all of them anew.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'build/compile-cache');

  const totals = new Map<Database, Totals>();
  const environments = new Map<Database, NodeJS.ProcessEnv>();
  try {
    for (const database of new Set(runs.map((run) => run.database))) {
      try {
        const env = await prepare(database);
        environments.set(database, values.seed === undefined ? env : { ...env, TEST_SEED: values.seed });
      } catch (error) {
        console.error(error);
        totals.set(database, { passed: 0, failed: 1 });
      }
    }
    await runAll(
      runs.filter(({ database }) => environments.has(database)),
      suites[suite],
      environments,
      totals,
    );
  } finally {
    for (const end of ends.reverse()) await end();
  }
  let [passed, failed] = [0, 0];
  for (const [database, of] of totals) {
    console.log(`${databases[database]}: ${of.passed} passed, ${of.failed} failed`);
    passed += of.passed;
    failed += of.failed;
  }
  console.log(`\n${passed} passed, ${failed} failed in ${secondsSince(started)} s`);
  return failed === 0 ? 0 : 1;
}

/**
 * Where databases take a sixth of the suite's time less than on a disk, when there is enough of it (a container has 64 MB); faults
 * are about disks.
 */
async function temporaryFolder({ needsDisk }: Suite): Promise<string> {
  if (needsDisk || process.env.TMPDIR !== undefined) return tmpdir();
  try {
    const { bavail, bsize } = await statfs(MEMORY);
    return bavail * bsize >= ROOM ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** What the test files that run on a database see of the environment. */
async function prepare(database: Database): Promise<NodeJS.ProcessEnv> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name)));
  if (database === 'sqlite') {
    delete env.TEST_POSTGRES_URL;
    return { ...env, TEST_TEMPLATE: await migrated(await createSqliteDatabase(scope)) };
  }
  if (env.TEST_POSTGRES_URL === undefined) {
    running.postgres = startPostgres();
    env.TEST_POSTGRES_URL = (await running.postgres).url;
    scope.teardown(async () => (await running.postgres)?.stop());
  }
  if (database === 'pgbouncer') {
    const pgBouncer = await startPgBouncer(env.TEST_POSTGRES_URL);
    scope.teardown(pgBouncer.stop);
    env.TEST_PGBOUNCER_PORT = String(pgBouncer.port);
  }
  return {
    ...env,
    TEST_TEMPLATE: await migrated(await createPostgresDatabase(scope, env.TEST_POSTGRES_URL)),
  };
}

async function migrated({ url }: TestDatabase): Promise<string> {
  await migrate(url);
  return url;
}

async function runAll(
  runs: readonly Run[],
  suite: Suite,
  environments: ReadonlyMap<Database, NodeJS.ProcessEnv>,
  totals: Map<Database, Totals>,
): Promise<void> {
  const idle = runs.filter(({ isIdle }) => isIdle);
  const busy = runs.filter(({ isIdle }) => !isIdle);
  // One lane for those that wait, so that the others always have all the processors.
  const runNext = async (lane: number): Promise<void> => {
    const run = lane === 0 ? (idle.shift() ?? busy.shift()) : (busy.shift() ?? idle.shift());
    if (run === undefined || running.aborted) return;
    const { passed, failed } = await runFile(run, suite, environments.get(run.database) ?? {});
    const before = totals.get(run.database) ?? { passed: 0, failed: 0 };
    totals.set(run.database, { passed: before.passed + passed, failed: before.failed + failed });
    await runNext(lane);
  };
  await Promise.all(Array.from({ length: suite.atATime }, (_, lane) => runNext(lane)));
}

/** Prints one line when the file has passed, otherwise also what failed and what it wrote to stderr. */
async function runFile({ file, database }: Run, suite: Suite, env: NodeJS.ProcessEnv): Promise<Totals> {
  const started = performance.now();
  const evidence = await mkdtemp(join(tmpdir(), 'evidence-'));
  const test = spawn(process.execPath, [...OPTIONS, file], {
    cwd: root,
    env: { ...env, TAP: '1', TAP_TIMEOUT: `${suite.timeout}`, TEST_EVIDENCE: evidence },
    // In a group of its own, so that what it has started can be ended with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: (suite.timeout + 5) * 1000,
    killSignal: 'SIGKILL',
  });
  tests.add(test);
  const [output, errors, [code, signal]] = await Promise.all([
    text(test.stdout),
    text(test.stderr),
    once(test, 'exit').finally(() => endGroup(test)),
  ]);
  tests.delete(test);

  const { passed, failed: failedTests, failures, comments, log } = readTap(output);
  const leaks = code === null ? [] : await findLeaks(evidence, [log, errors]);
  const failed = failedTests + leaks.length;
  const seconds = secondsSince(started);
  // Nothing passes without having run, to its end.
  const isGood = failed === 0 && passed > 0 && code === 0;
  const outcome = failed > 0 ? `${failed} failed` : passed > 0 ? `${passed} passed` : 'nothing ran';
  const end = code === 0 ? '' : `, ${signal ?? `exit code ${code}`}`;
  console.log(
    `${isGood ? 'ok  ' : 'FAIL'} ${file} on ${databases[database]} (${outcome}${end}, ${seconds} s)`,
  );
  if (suite.isMeasured) for (const comment of comments) console.log(`     ${comment}`);
  if (isGood) return { passed, failed };
  const printed = [...failures, ...leaks, errors].join('\n');
  for (const line of printed.split('\n')) if (line !== '') console.log(`     ${line}`);
  return { passed, failed: Math.max(failed, 1) };
}

function secondsSince(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}

/** Ends a test file and the processes that it has started. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // They had all ended.
  }
}

async function abort(signal: NodeJS.Signals): Promise<void> {
  running.aborted = true;
  for (const test of tests) endGroup(test);
  try {
    await (await running.postgres)?.stop();
  } finally {
    process.exit(128 + constants.signals[signal]);
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => abort(signal));
process.once('exit', () => {
  if (running.folder !== undefined) rmSync(running.folder, { recursive: true, force: true, maxRetries: 5 });
});
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
