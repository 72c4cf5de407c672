/** Which test files there are, on which databases each runs, and in which order. */
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export const databases = { sqlite: 'SQLite', postgres: 'Postgres', pgbouncer: 'PgBouncer' };
export type Database = keyof typeof databases;

/** How the files of a kind are run. */
export interface Suite {
  /** Of their names. */
  readonly ending: string;
  readonly atATime: number;
  /** Seconds that a file may take before tap ends it, naming what it waits for; soon after it is killed. */
  readonly timeout: number;
  /** Whether what the tests comment is shown although they pass: figures. */
  readonly isMeasured: boolean;
  /** Whether its databases have to be on a disk. */
  readonly needsDisk: boolean;
}

export const suites = {
  /** One file more at a time than there are processors: one of them is of those that mostly wait. */
  test: {
    ending: '.test.ts',
    atATime: availableParallelism() + 1,
    timeout: 240,
    isMeasured: false,
    needsDisk: false,
  },
  /** What they measure is worth nothing beside others. */
  faults: { ending: '.fault.ts', atATime: 1, timeout: 300, isMeasured: true, needsDisk: true },
  /** Installs the service in the ways in which people do, which takes minutes and half a gigabyte each. */
  packaging: { ending: '.packaging.ts', atATime: 1, timeout: 1800, isMeasured: true, needsDisk: true },
} as const satisfies Record<string, Suite>;

/** One run of a file. */
export interface Run {
  /** Path below the root. */
  readonly file: string;
  readonly database: Database;
  /** Whether it leaves the processors to others most of the time. */
  readonly isIdle: boolean;
}

/**
 * A file runs on both databases, unless its first comment says `@runs once, on SQLite: <why>`, or on Postgres. Only what is
 * about one of the two may say so, and what comes out the same whichever it is.
 */
const once = /@runs once, on (SQLite|Postgres): \S/;

/** Waits for outages and clocks rather than for a processor. */
const waits = /^test\/(processes\/|mail\/delivery|life|jobs|db\/raw)/;
/** Takes longer than what does not. */
const startsProcesses = /from '[./]+\/(child|cluster|postgres-server)\.ts'|from 'node:child_process'/;

/**
 * The runs of all files whose path has one of the filters in it (or of all files), on the chosen databases. What takes long
 * comes first, so that no processor is idle at the end.
 *
 * @param root the package's folder
 */
export async function findRuns(
  root: string,
  suite: keyof typeof suites,
  filters: readonly string[],
  chosen: readonly Database[],
): Promise<Run[]> {
  const sources = await readdir(join(root, 'test'), { recursive: true });
  const files = sources
    .filter((path) => path.endsWith(suites[suite].ending))
    .map((path) => `test/${path}`)
    .filter(
      (path) => filters.length === 0 || filters.some((filter) => path.includes(filter.replace(/^\.\//, ''))),
    )
    .sort();
  const [first, second]: [Run[], Run[]] = [[], []];
  for (const file of files) {
    const text = await readFile(join(root, file), 'utf8');
    const runs = chosen
      .filter((database) => runsOn(file, text, database))
      .map((database) => ({ file, database, isIdle: waits.test(file) }));
    (startsProcesses.test(text) ? first : second).push(...runs);
  }
  return [...first, ...second];
}

/** @throws {Error} when the first comment says something of its runs that is not understood */
function runsOn(file: string, text: string, database: Database): boolean {
  const comment = text.startsWith('/**') ? text.slice(0, text.indexOf('*/')) : '';
  if (!comment.includes('@runs')) return true;
  const [, only] = once.exec(comment) ?? [];
  if (only === undefined)
    throw new Error(`${file}: @runs is followed by "once, on SQLite: <why>", or Postgres`);
  return only === (database === 'sqlite' ? 'SQLite' : 'Postgres');
}

export function isSuite(name: string): name is keyof typeof suites {
  return name in suites;
}

export function isDatabase(name: string): name is Database {
  return name in databases;
}
