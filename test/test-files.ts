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
  /** Processes at a time. */
  readonly atATime: number;
  /** Files at most that share a process. */
  readonly inAProcess: number;
  /** Seconds that a file may take before tap ends it, naming what it waits for; soon after it is killed. */
  readonly timeout: number;
  /** Whether what the tests comment is shown although they pass: figures. */
  readonly isMeasured: boolean;
  /** Whether its databases have to be on a disk. */
  readonly needsDisk: boolean;
}

export const suites = {
  /** One process more at a time than there are processors: one of them is of those that mostly wait. */
  test: {
    ending: '.test.ts',
    atATime: availableParallelism() + 1,
    inAProcess: 12,
    timeout: 240,
    isMeasured: false,
    needsDisk: false,
  },
  /** What they measure is worth nothing beside others. */
  faults: {
    ending: '.fault.ts',
    atATime: 1,
    inAProcess: 1,
    timeout: 300,
    isMeasured: true,
    needsDisk: true,
  },
  /** Installs the service in the ways in which people do, which takes minutes and half a gigabyte each. */
  packaging: {
    ending: '.packaging.ts',
    atATime: 1,
    inAProcess: 1,
    timeout: 1800,
    isMeasured: true,
    needsDisk: true,
  },
  /** Files that are made to fail: the runner's own test runs them. */
  planted: {
    ending: '.planted.ts',
    atATime: 1,
    inAProcess: 12,
    timeout: 60,
    isMeasured: false,
    needsDisk: false,
  },
} as const satisfies Record<string, Suite>;

/** Slow files at most that share a process: with more, the last process of the suite would run by itself. */
const SLOW_IN_A_PROCESS = 6;

/** The files that one process runs, one after the other. */
export interface Run {
  /** Paths below the root. */
  readonly files: readonly string[];
  readonly database: Database;
  /** Whether it leaves the processors to others most of the time. */
  readonly isIdle: boolean;
}

/**
 * A file runs on both databases, unless its first comment says `@runs once, on SQLite: <why>`, or on Postgres. Only what is
 * about one of the two may say so, and what comes out the same whichever it is.
 */
const once = /@runs once, on (SQLite|Postgres): \S/;
/**
 * Files share a process, unless their first comment says `@runs alone: <why>`: they change something of the whole
 * process, or measure it.
 */
const runsAlone = /@runs alone: \S/;

/** Files that wait for outages and clocks rather than for a processor. */
const waits = /^test\/(processes\/|mail\/delivery|life|jobs|db\/raw)/;
/** Files that take long, for each start of a process takes about a second. */
const startsProcesses =
  /from '([.\w/-]+\/(child|cluster|front|daemon|program|(postgres|pgbouncer)-server)\.ts|node:child_process)'/;

/**
 * The runs of all files whose path has one of the filters in it (or of all files), on the chosen databases. What takes long
 * comes first, so that no processor is idle at the end: files that start processes do.
 *
 * @param root the package's folder
 */
export async function findRuns(
  root: string,
  { ending, inAProcess }: Suite,
  filters: readonly string[],
  chosen: readonly Database[],
): Promise<Run[]> {
  const sources = await readdir(join(root, 'test'), { recursive: true });
  const files = sources
    .filter((path) => path.endsWith(ending))
    .map((path) => `test/${path}`)
    .filter(
      (path) => filters.length === 0 || filters.some((filter) => path.includes(filter.replace(/^\.\//, ''))),
    )
    .sort();
  const alone: Run[] = [];
  const sharing = chosen.map((database): Sharing => ({ database, idle: [], slow: [], others: [] }));
  for (const file of files) {
    const text = await readFile(join(root, file), 'utf8');
    const comment = text.startsWith('/**') ? text.slice(0, text.indexOf('*/')) : '';
    const isIdle = waits.test(file);
    const isAlone = inAProcess === 1 || runsAlone.test(comment);
    for (const of of sharing.filter(({ database }) => runsOn(file, comment, database)))
      if (isAlone) alone.push({ files: [file], database: of.database, isIdle });
      else of[isIdle ? 'idle' : startsProcesses.test(text) ? 'slow' : 'others'].push(file);
  }
  const share = (kind: 'idle' | 'slow' | 'others', most: number) =>
    sharing.flatMap(({ database, [kind]: files }) =>
      deal(files, Math.ceil(files.length / most)).map((part) => ({
        files: part,
        database,
        isIdle: kind === 'idle',
      })),
    );
  return [
    ...share('idle', inAProcess),
    ...share('slow', SLOW_IN_A_PROCESS),
    ...alone,
    ...share('others', inAProcess),
  ];
}

/** The files that share processes, by database. */
interface Sharing {
  readonly database: Database;
  readonly idle: string[];
  readonly slow: string[];
  readonly others: string[];
}

/** Deals files out as cards are, so that those of one folder, which take about as long, come apart. */
function deal(files: readonly string[], count: number): string[][] {
  return Array.from({ length: count }, (_, part) => files.filter((_, index) => index % count === part));
}

/** @throws {Error} when the first comment says something of its runs that is not understood */
function runsOn(file: string, comment: string, database: Database): boolean {
  const [, only] = once.exec(comment) ?? [];
  if (only === undefined && comment.replace(runsAlone, '').includes('@runs'))
    throw new Error(
      `${file}: @runs is followed by "once, on SQLite: <why>" (or Postgres), or "alone: <why>"`,
    );
  return only === undefined || only === (database === 'sqlite' ? 'SQLite' : 'Postgres');
}

export function isSuite(name: string): name is keyof typeof suites {
  return name in suites;
}

export function isDatabase(name: string): name is Database {
  return name in databases;
}
