/** Lists the test files, the databases of each, and their order. */
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export const databases = { sqlite: 'SQLite', postgres: 'Postgres', pgbouncer: 'PgBouncer' };
export type Database = keyof typeof databases;

/** Settings for the files of a kind. */
export interface Suite {
  /** The end of their names. */
  readonly ending: string;
  /** The folder below `test/` that has them all: its files are in no suite that has none. */
  readonly folder?: string;
  /** Processes at a time. */
  readonly atATime: number;
  /** The largest number of files that share a process. */
  readonly inAProcess: number;
  /**
   * Seconds that a file may take before tap ends it and names what it waits for; soon after, the process is
   * killed.
   */
  readonly timeout: number;
  /** True when the comments of passed tests are shown too: figures. */
  readonly isMeasured: boolean;
  /** True when its databases must be on a disk. */
  readonly needsDisk: boolean;
}

export const suites = {
  /** One process more than there are processors: one of them runs the files that mostly wait. */
  test: {
    ending: '.test.ts',
    atATime: availableParallelism() + 1,
    inAProcess: 12,
    timeout: 240,
    isMeasured: false,
    needsDisk: false,
  },
  /** Several processes of the service, which share a database, are killed, or lose it. They mostly wait. */
  processes: {
    ending: '.test.ts',
    folder: 'processes',
    atATime: availableParallelism(),
    inAProcess: 12,
    timeout: 240,
    isMeasured: false,
    needsDisk: false,
  },
  /** Their measurements are useless beside other processes. */
  faults: {
    ending: '.fault.ts',
    atATime: 1,
    inAProcess: 1,
    timeout: 300,
    isMeasured: true,
    needsDisk: true,
  },
  /** The pages in a real browser. Each file starts a service, a mail server and a browser. */
  pages: {
    ending: '.pages.ts',
    atATime: 1,
    inAProcess: 12,
    timeout: 480,
    isMeasured: true,
    needsDisk: false,
  },
  /** Installs the service in the ways of its users, each of which takes minutes and half a gigabyte. */
  packaging: {
    ending: '.packaging.ts',
    atATime: 1,
    inAProcess: 1,
    timeout: 1800,
    isMeasured: true,
    needsDisk: true,
  },
  /** Files that fail on purpose: the test of the runner runs them. */
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
  /** The paths below the root. */
  readonly files: readonly string[];
  readonly database: Database;
  /** True when it mostly leaves the processors to others. */
  readonly isIdle: boolean;
}

/**
 * The comment for files that do not run on both databases: `@runs once, on SQLite: <why>`, or on Postgres.
 * Only a file that tests one of the two may have it, or one whose result is the same on both.
 */
const once = /@runs once, on (SQLite|Postgres): \S/;
/**
 * The comment for files that must not share a process: `@runs alone: <why>`. They change the whole process or
 * measure it.
 */
const runsAlone = /@runs alone: \S/;

/** Files that wait for outages and clocks rather than for a processor. */
const waits = /^test\/(mail\/delivery|life|jobs|db\/raw)/;
/** Files that take long, for each start of a process takes about a second. */
const startsProcesses =
  /from '([.\w/-]+\/(child|cluster|front|daemon|program|(postgres|pgbouncer)-server)\.ts|node:child_process)'/;

/**
 * Lists the runs of all files whose path contains one of the filters (or of all files), on the chosen
 * databases. The slowest files, which start processes, come first, so that no processor is idle at the end.
 *
 * @param root the folder of the package
 */
export async function findRuns(
  root: string,
  { ending, folder, inAProcess }: Suite,
  filters: readonly string[],
  chosen: readonly Database[],
): Promise<Run[]> {
  const sources = await readdir(join(root, 'test'), { recursive: true });
  const folders = new Set(
    Object.values(suites).map((suite) => ('folder' in suite ? suite.folder : undefined)),
  );
  const files = sources
    .filter((path) => path.endsWith(ending))
    .filter((path) => [...folders].find((name) => path.startsWith(`${name}/`)) === folder)
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

/**
 * Distributes files in turn, so that those of one folder, which take a similar time, are in different
 * processes.
 */
function deal(files: readonly string[], count: number): string[][] {
  return Array.from({ length: count }, (_, part) => files.filter((_, index) => index % count === part));
}

/**
 * Reads the first comment of a file.
 *
 * @throws {Error} when it has an unknown `@runs` text
 */
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
