/**
 * `npm test`: the whole suite on SQLite and on a Postgres that is started here. Test files that are about
 * neither run once.
 *
 * - `npm test -- users test/access`: only the files whose path has one of these in it
 * - `npm test -- users -t 'is refused'`: only tests at the top of a file with this in their name, in any case
 * - `npm test -- users --watch`: again at every change of a source
 * - `npm test -- users --inspect`: waits for a debugger, without time limits; one file on one database
 * - `npm test -- --db=sqlite`: only one of the databases (sqlite, postgres)
 * - `npm test -- --db=pgbouncer`: the tests for Postgres, through PgBouncer, which must be installed
 * - `npm run coverage -- users`: the same, with the lines of `src` that ran
 * - `npm run processes`: the tests of several processes (`test/processes`)
 * - `npm run faults`: the fault tests (`*.fault.ts`), one at a time, with their figures
 * - `npm run faults -- --seed=1`: with the load of this seed
 * - `npm run packaging`: the image's steps, installations and other versions of Node.js (`*.packaging.ts`)
 *
 * The last line is `N passed, N failed` and the time. Exits with 1 when anything failed, was skipped,
 * crashed, timed out or did not run. TEST_POSTGRES_URL, a superuser's, spares the start of Postgres where
 * there are no binaries for the machine.
 *
 * Test files are run by plain Node.js, as production is, and not by `tap run`, whose loaders cost a third of
 * the suite's time more and get into the processes that tests start. docs/contributing/testing.md tells more.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, rmSync, watch } from 'node:fs';
import { chmod, mkdtemp, readFile, statfs } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { createPostgresDatabase, createSqliteDatabase, type TestDatabase } from './database.ts';
import { findLeaks } from './leaks.ts';
import { startPgBouncer } from './pgbouncer-server.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { processorSeconds } from './processor-time.ts';
import type { SecretLog } from './secret-log.ts';
import { emptyReport, type FileReport, readTap } from './tap-report.ts';
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
  passed: number;
  failed: number;
}

/**
 * The variables that tests get from the environment of the runner: neither a DATABASE_URL nor a PGHOST of a
 * developer may reach them.
 */
const inherited =
  /^(PATH|HOME|USER|LANG|TERM|CI|NO_COLOR|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|TMPDIR|NODE_COMPILE_CACHE|NODE_V8_COVERAGE|TEST_POSTGRES_URL|TEST_FRONT|TEST_CHROMIUM)$/;

/** A file system in memory, and the bytes that it must have: the suite uses a third of them. */
const MEMORY = '/dev/shm';
const MIN_TMPFS_BYTES = 1e9;

/** Seconds that a file may hang after its time limit, when tap itself cannot end it. */
const GRACE_SECONDS = 15;
const SECOND_MS = 1000;

/** Files whose processor time is printed at the end: those that took the most. */
const LISTED_FILES = 10;

/** Folders whose changes run the tests again, and the time to wait for more changes. */
const WATCHED = ['src', 'test', 'openapi', 'templates'];
const DEBOUNCE_MS = 200;

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    db: { type: 'string' },
    suite: { type: 'string', default: 'test' },
    seed: { type: 'string' },
    name: { type: 'string', short: 't' },
    watch: { type: 'boolean', default: false },
    inspect: { type: 'boolean', default: false },
  },
});

const root = resolve(import.meta.dirname, '..');
const running: { folder?: string; postgres?: Promise<PostgresServer>; aborted?: boolean } = {};
const processes = new Set<ChildProcess>();
/** Cleanup steps for the time after all files, in the order in which they were added. */
const ends: (() => Promise<void>)[] = [];
const scope = { teardown: (work: () => Promise<void>) => void ends.push(work) };

async function main(): Promise<number> {
  if (!isSuite(options.suite)) throw new Error(`--suite is one of ${Object.keys(suites).join(', ')}`);
  const suite = suites[options.suite];
  const runs = await chooseRuns(suite);
  // Once for all files; when nothing has changed, it takes a tenth of a second.
  execFileSync(process.execPath, ['scripts/build-web.ts'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'ignore'],
  });

  // Everything temporary goes into one folder, which is removed at the end. `nobody`, the user for Postgres
  // under root, may enter it.
  running.folder = await mkdtemp(join(await temporaryFolder(suite), 'latchkey-test-'));
  await chmod(running.folder, 0o711);
  process.env.TMPDIR = running.folder;
  // Sources are TypeScript: without a cache, each process would strip the types of all of them again.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'build/compile-cache');

  try {
    for (;;) {
      const change = options.watch ? nextChange() : undefined;
      const code = await runAll(runs, suite);
      if (change === undefined || running.aborted) return code;
      console.log('Waiting for a change ...\n');
      await change;
    }
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/**
 * Parses the options.
 *
 * @throws {Error} when the options name no files
 */
async function chooseRuns(suite: Suite): Promise<Run[]> {
  const chosen = Object.keys(databases)
    .filter(isDatabase)
    .filter((name) => (options.db === undefined ? name !== 'pgbouncer' : name === options.db));
  if (chosen.length === 0) throw new Error(`--db is one of ${Object.keys(databases).join(', ')}`);
  const runs = await findRuns(root, suite, filters, chosen);
  if (runs.length === 0) throw new Error(await explainNone(chosen));
  if (!options.inspect) return runs;
  const [first] = runs;
  if (first === undefined || new Set(runs.flatMap(({ files }) => files)).size > 1)
    throw new Error('--inspect is for one file');
  return [first];
}

/** Says that no file was found, and which other suites have some. */
async function explainNone(chosen: readonly Database[]): Promise<string> {
  const others: string[] = [];
  for (const [name, suite] of Object.entries(suites))
    if ((await findRuns(root, suite, filters, chosen)).length > 0) others.push(`--suite=${name}`);
  const hint = others.length === 0 ? '' : `; there are some in ${others.join(', ')}`;
  return `no test file that runs on ${chosen.join(' or ')} has ${filters.join(' or ')} in its path${hint}`;
}

/**
 * Returns a folder where databases take a sixth of the suite's time less than on a disk, when it has enough
 * space (a container has 64 MB). Fault tests need a disk.
 */
async function temporaryFolder({ needsDisk }: Suite): Promise<string> {
  if (needsDisk || process.env.TMPDIR !== undefined) return tmpdir();
  try {
    const { bavail, bsize } = await statfs(MEMORY);
    return bavail * bsize >= MIN_TMPFS_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Resolves when a source has changed, after a pause for further changes. */
async function nextChange(): Promise<void> {
  const watchers: FSWatcher[] = [];
  await new Promise<void>((changed) => {
    for (const folder of WATCHED)
      watchers.push(watch(join(root, folder), { recursive: true }, () => changed()));
  });
  for (const watcher of watchers) watcher.close();
  await pause(DEBOUNCE_MS);
}

const environments = new Map<Database, Promise<NodeJS.ProcessEnv>>();

/** Returns the environment of the test files on a database; the database is created at the first use. */
function environmentOf(database: Database): Promise<NodeJS.ProcessEnv> {
  const known = environments.get(database) ?? prepare(database);
  environments.set(database, known);
  return known;
}

async function prepare(database: Database): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name))),
    TAP: '1',
    TAP_TIMEOUT: '0',
    ...(options.seed !== undefined && { TEST_SEED: options.seed }),
    // The first pattern is for the names of files.
    ...(options.name !== undefined && { TAP_GREP: `/./\n/${escapePattern(options.name)}/i` }),
  };
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

/** Writes a regular expression, between slashes, that finds the text itself. */
function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/**
 * Runs the suite.
 *
 * @returns the exit code
 */
async function runAll(runs: readonly Run[], suite: Suite): Promise<number> {
  const started = performance.now();
  const usedBefore = processorSeconds();
  const costs: { name: string; seconds: number }[] = [];
  const totals = new Map<Database, Totals>();
  for (const database of new Set(runs.map((run) => run.database))) {
    totals.set(database, { passed: 0, failed: 0 });
    await environmentOf(database).catch((error: unknown) => {
      console.error(error);
      totals.set(database, { passed: 0, failed: 1 });
    });
  }
  const ready = runs.filter(({ database }) => totals.get(database)?.failed === 0);
  const idle = ready.filter(({ isIdle }) => isIdle);
  const busy = ready.filter(({ isIdle }) => !isIdle);
  // One lane is for files that mostly wait, so that the others always have all processors.
  const runNext = async (lane: number): Promise<void> => {
    const run = lane === 0 ? (idle.shift() ?? busy.shift()) : (busy.shift() ?? idle.shift());
    if (run === undefined || running.aborted) return;
    const total = totals.get(run.database);
    for (const [index, { passed, failed, processorSeconds }] of (await runFiles(run, suite)).entries()) {
      if (processorSeconds !== undefined) costs.push({ name: nameOf(run, index), seconds: processorSeconds });
      if (total === undefined) continue;
      total.passed += passed;
      total.failed += failed;
    }
    await runNext(lane);
  };
  await Promise.all(Array.from({ length: suite.atATime }, (_, lane) => runNext(lane)));

  let [passed, failed] = [0, 0];
  for (const [database, of] of totals) {
    console.log(`${databases[database]}: ${of.passed} passed, ${of.failed} failed`);
    passed += of.passed;
    failed += of.failed;
  }
  const used = processorSeconds();
  if (used !== undefined && usedBefore !== undefined)
    console.log(`Processor time: ${(used - usedBefore).toFixed(1)} s${listCosts(costs)}`);
  if (options.name !== undefined && passed + failed === 0) {
    console.log(`no test at the top of these files has ${options.name} in its name`);
    failed = 1;
  }
  console.log(
    `\n${passed} passed, ${failed} failed in ${((performance.now() - started) / SECOND_MS).toFixed(1)} s`,
  );
  return failed === 0 ? 0 : 1;
}

/** Lists the files that took most of the processor time. */
function listCosts(costs: readonly { name: string; seconds: number }[]): string {
  if (costs.length <= LISTED_FILES) return '';
  const dearest = costs.toSorted((one, other) => other.seconds - one.seconds).slice(0, LISTED_FILES);
  return `, most of all\n${dearest.map(({ name, seconds }) => `     ${seconds.toFixed(1)} s ${name}`).join('\n')}`;
}

function nameOf({ files, database }: Run, index: number): string {
  return `${files[index]} on ${databases[database]}`;
}

/** Runs files in one process, and prints the result of each. */
async function runFiles(run: Run, suite: Suite): Promise<FileReport[]> {
  const { files, database } = run;
  const secretLogFile = join(await mkdtemp(join(tmpdir(), 'secret-log-')), 'secret-log.json');
  const limit = options.inspect ? 0 : suite.timeout;
  const debug = options.inspect ? ['--inspect-wait'] : [];
  const child = spawn(process.execPath, [...debug, 'test/run-files.ts', `${limit}`, ...files], {
    cwd: root,
    env: { ...(await environmentOf(database)), TEST_SECRET_LOG: secretLogFile },
    // In its own process group, so that the processes that it has started can be ended with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.add(child);
  if (options.inspect) child.stderr.pipe(process.stderr);
  let overdue: NodeJS.Timeout | undefined;
  const restartTimer = () => {
    clearTimeout(overdue);
    if (limit > 0) overdue = setTimeout(() => endGroup(child), (limit + GRACE_SECONDS) * SECOND_MS);
  };
  restartTimer();
  const [found, errors, [code, signal]] = await Promise.all([
    readTap(child.stdout, restartTimer),
    text(child.stderr),
    once(child, 'exit').finally(() => endGroup(child)),
  ]);
  clearTimeout(overdue);
  processes.delete(child);

  const reports = files.map((file) => found.get(file) ?? emptyReport());
  // The place where the process ended: in the unfinished file, or after the last one.
  const last = reports.find(({ time }) => time === undefined) ?? reports.at(-1) ?? emptyReport();
  // A process that was killed has written none, and has failed anyway.
  const secretLogs: SecretLog[] = code === null ? [] : JSON.parse(await readFile(secretLogFile, 'utf8'));
  for (const { file, secrets, printed } of secretLogs)
    found
      .get(file)
      ?.leaks.push(...findLeaks(secrets, [...(found.get(file)?.log ?? []), printed, errors].join('\n')));
  const failed = reports.some((report) => report.failed + report.leaks.length > 0);
  const end = code === 0 || (code === 1 && failed) ? '' : `, ${signal ?? `exit code ${code}`}`;
  for (const [index, report] of reports.entries()) {
    report.failed += report.leaks.length;
    // A file passes only when it has run to its end.
    const isLeftOut = options.name !== undefined && report.passed + report.failed === 0;
    if (report.time === undefined || (report === last && end !== '') || (report.passed === 0 && !isLeftOut))
      report.failed = Math.max(report.failed, 1);
    if (isLeftOut && report.failed === 0) continue;
    print(nameOf(run, index), report, report === last ? end : '', suite);
  }
  if (reports.some((report) => report.failed > 0)) printIndented(errors);
  return reports;
}

/** Prints one line for a file that has passed, otherwise also its failures. */
function print(name: string, report: FileReport, end: string, suite: Suite): void {
  const { passed, failed, failures, comments, leaks, time, processorSeconds } = report;
  const outcome =
    passed + failures.length + leaks.length === 0
      ? 'nothing ran'
      : failed > 0
        ? `${failed} failed`
        : `${passed} passed`;
  const took = time === undefined ? '' : `, ${(time / SECOND_MS).toFixed(1)} s`;
  const used = processorSeconds === undefined ? '' : `, processor ${processorSeconds.toFixed(1)} s`;
  console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name} (${outcome}${end}${took}${used})`);
  if (suite.isMeasured) printIndented(comments.join('\n'));
  if (failed > 0) printIndented([...failures, ...leaks].join('\n'));
}

function printIndented(text: string): void {
  for (const line of text.split('\n')) if (line !== '') console.log(`     ${line}`);
}

/** Ends a test process and the processes that it has started. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All processes had ended.
  }
}

async function abort(signal: NodeJS.Signals): Promise<void> {
  running.aborted = true;
  for (const child of processes) endGroup(child);
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
