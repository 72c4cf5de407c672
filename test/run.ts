/**
 * `npm test`: the whole suite on SQLite, then again on a Postgres that is started here.
 *
 *   npm test -- users test/access     only the files whose path has one of these in it
 *   npm test -- --db=sqlite           only one of the databases (sqlite, postgres)
 *
 * The last line is `N passed, N failed`. Exits with 1 when anything failed, was skipped, crashed, timed out or did not run.
 * TEST_POSTGRES_URL, a superuser's, spares the start of Postgres where there are no binaries for the machine.
 *
 * Test files are run by plain Node.js, as production is, and not by `tap run`: its loaders double the time of the suite and
 * get into the processes that tests start.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { availableParallelism, constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { readTap } from './tap-report.ts';

interface Totals {
  readonly passed: number;
  readonly failed: number;
}

const databases = { sqlite: 'SQLite', postgres: 'Postgres' };
type Database = keyof typeof databases;

/** Seconds that a test file may take before tap ends it, naming what it waits for; soon after it is killed. */
const FILE_TIMEOUT = 120;

/** Of our own environment the tests see no more: neither a developer's DATABASE_URL nor PGHOST may reach them. */
const inherited = /^(PATH|HOME|USER|LANG|TERM|CI|NO_COLOR|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|TMPDIR|TEST_.*)$/;

const root = resolve(import.meta.dirname, '../..');
const running: { folder?: string; postgres?: Promise<PostgresServer>; aborted?: boolean } = {};
const tests = new Set<ChildProcess>();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { db: { type: 'string' } } });
  const chosen = Object.keys(databases)
    .filter(isDatabase)
    .filter((name) => name === (values.db ?? name));
  if (chosen.length === 0) throw new Error(`--db is one of ${Object.keys(databases).join(', ')}`);
  const files = await testFiles(positionals);
  if (files.length === 0) throw new Error(`no test file has ${positionals.join(' or ')} in its path`);

  // Everything temporary goes into one folder, which is removed at the end. `nobody`, as whom root runs Postgres, may pass.
  running.folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  await chmod(running.folder, 0o711);
  process.env.TMPDIR = running.folder;

  let passed = 0;
  let failed = 0;
  for (const database of chosen) {
    const totals = await runOn(database, files).catch((error: unknown) => {
      console.error(error);
      return { passed: 0, failed: 1 };
    });
    passed += totals.passed;
    failed += totals.failed;
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function isDatabase(name: string): name is Database {
  return name in databases;
}

/** Paths below the root, by their sources: the compiled file of a source that has gone does not run. */
async function testFiles(filters: readonly string[]): Promise<string[]> {
  const sources = await readdir(join(root, 'test'), { recursive: true });
  return sources
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path}`)
    .filter(
      (path) => filters.length === 0 || filters.some((filter) => path.includes(filter.replace(/^\.\//, ''))),
    )
    .sort();
}

async function runOn(database: Database, files: readonly string[]): Promise<Totals> {
  const started = performance.now();
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name)));
  if (database === 'sqlite') delete env.TEST_POSTGRES_URL;
  if (database === 'postgres' && env.TEST_POSTGRES_URL === undefined) {
    running.postgres = startPostgres();
    env.TEST_POSTGRES_URL = (await running.postgres).url;
  }
  console.log(`\n${databases[database]}, ${files.length} files`);
  try {
    const { passed, failed } = await runAll(files, env);
    console.log(`${databases[database]}: ${passed} passed, ${failed} failed in ${secondsSince(started)} s`);
    return { passed, failed };
  } finally {
    await (await running.postgres)?.stop();
  }
}

/** As many files at a time as there are processors. */
async function runAll(files: readonly string[], env: NodeJS.ProcessEnv): Promise<Totals> {
  const queue = [...files];
  let passed = 0;
  let failed = 0;
  const runNext = async (): Promise<void> => {
    const file = queue.shift();
    if (file === undefined || running.aborted) return;
    const totals = await runFile(file, env);
    passed += totals.passed;
    failed += totals.failed;
    await runNext();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
  return { passed, failed };
}

/** Prints one line when the file has passed, otherwise also what failed and what it wrote to stderr. */
async function runFile(file: string, env: NodeJS.ProcessEnv): Promise<Totals> {
  const started = performance.now();
  const test = spawn(
    process.execPath,
    ['--enable-source-maps', join('build', file.replace(/\.ts$/, '.js'))],
    {
      cwd: root,
      env: { ...env, TAP: '1', TAP_TIMEOUT: `${FILE_TIMEOUT}` },
      // In a group of its own, so that what it has started can be ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: (FILE_TIMEOUT + 5) * 1000,
      killSignal: 'SIGKILL',
    },
  );
  tests.add(test);
  const [output, errors, [code, signal]] = await Promise.all([
    text(test.stdout),
    text(test.stderr),
    once(test, 'exit').finally(() => endGroup(test)),
  ]);
  tests.delete(test);

  const { passed, failed, failures } = readTap(output);
  const seconds = secondsSince(started);
  // Nothing passes without having run, to its end.
  const isGood = failed === 0 && passed > 0 && code === 0;
  const outcome = failed > 0 ? `${failed} failed` : passed > 0 ? `${passed} passed` : 'nothing ran';
  const end = code === 0 ? '' : `, ${signal ?? `exit code ${code}`}`;
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${file} (${outcome}${end}, ${seconds} s)`);
  if (isGood) return { passed, failed };
  for (const line of [...failures, ...errors.split('\n')]) if (line !== '') console.log(`     ${line}`);
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
