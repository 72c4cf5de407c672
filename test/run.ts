/**
 * `npm test`: the whole suite on SQLite, then again on a Postgres that is started here.
 *
 *   npm test -- users test/access     only the files whose path has one of these in it
 *   npm test -- --db=sqlite           only one of the databases (sqlite, postgres)
 *
 * The last line is `N passed, N failed`. Exits with 1 when anything failed, was skipped, crashed, timed out or did not run.
 * TEST_POSTGRES_URL, a superuser's, spares the start of Postgres where there are no binaries for the machine.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { report, type Totals } from './tap-report.ts';

const databases = { sqlite: 'SQLite', postgres: 'Postgres' };
type Database = keyof typeof databases;

/** Of our own environment the tests see no more: neither a developer's DATABASE_URL nor PGHOST may reach them. */
const inherited = /^(PATH|HOME|USER|LANG|TERM|CI|NO_COLOR|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|TMPDIR|TEST_.*)$/;

const root = resolve(import.meta.dirname, '../..');
const tapBin = join(root, 'node_modules/.bin/tap');
const running: { folder?: string; tap?: ChildProcess; postgres?: Promise<PostgresServer> } = {};

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
  await buildTap();

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

/** The compiled test files, named by their sources: the compiled file of a source that has gone does not run. */
async function testFiles(filters: readonly string[]): Promise<string[]> {
  const sources = await readdir(join(root, 'test'), { recursive: true });
  return sources
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path}`)
    .filter(
      (path) => filters.length === 0 || filters.some((filter) => path.includes(filter.replace(/^\.\//, ''))),
    )
    .map((path) => join(root, 'build', path.replace(/\.ts$/, '.js')))
    .sort();
}

/**
 * tap's TypeScript plugin does not work with TypeScript 7, and tap is put together anew to be without it (package.json,
 * "tap"). Once after `npm ci`, for 7 seconds; needs nothing that is not installed.
 */
async function buildTap(): Promise<void> {
  const built = readFileSync(join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8');
  if (built.includes('"@tapjs/typescript"'))
    await promisify(execFile)(process.execPath, [tapBin, 'build'], { cwd: root });
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
    const totals = await runTap(files, env);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${databases[database]}: ${totals.passed} passed, ${totals.failed} failed in ${seconds} s`);
    return totals;
  } finally {
    await (await running.postgres)?.stop();
  }
}

async function runTap(files: readonly string[], env: NodeJS.ProcessEnv): Promise<Totals> {
  // In a group of its own, so that the tests and what they have started can all be ended at once.
  const tap = spawn(process.execPath, [tapBin, 'run', '--reporter=tap', ...files], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.tap = tap;
  const ended = once(tap, 'exit');
  const { passed, failed } = (await report(tap.stdout, console.log)) ?? { passed: 0, failed: 0 };
  const [code] = await ended;
  if (failed > 0 || (code === 0 && passed > 0)) return { passed, failed };
  console.log(`FAIL nothing is known to have failed, but tap exited with ${code} after ${passed} assertions`);
  return { passed, failed: 1 };
}

async function abort(signal: NodeJS.Signals): Promise<void> {
  try {
    if (running.tap?.pid !== undefined && running.tap.exitCode === null)
      process.kill(-running.tap.pid, 'SIGKILL');
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
