import { DataError } from '../data-error.ts';
import { migrate } from '../migrations/migrate.ts';
import { sqlitePath } from '../sqlite/database-file.ts';
import type { Checksum } from './canonical.ts';
import { Source } from './source.ts';
import { isSame, type Progress } from './state.ts';
import { Target } from './target.ts';

/** Every row is read for its checksum, copied, and read again where it came to. */
const PASSES = 3;

export interface MoveOptions {
  /** Whether a move that was begun and cannot go on is forgotten. */
  readonly startOver: boolean;
  /** @param total rows, each as often as it is handled */
  startProgress(total: number): { update(done: number, step: string): void; stop(): void };
}

/** What was moved. */
export interface Move {
  readonly tables: readonly Checksum[];
  /** Whether an earlier call had begun it. */
  readonly resumed: boolean;
}

/**
 * Copies a SQLite database into an empty Postgres, table by table and in batches, and compares the two. Cut off at any time, the next
 * call goes on where it was. Takes the same memory for any number of rows.
 *
 * @throws {DataError} when somebody works on the source, the target is not empty, or they differ in the end
 */
export async function move(sourceUrl: string, targetUrl: string, options: MoveOptions): Promise<Move> {
  await migrate(sourceUrl);
  const source = new Source(sqlitePath(sourceUrl));
  try {
    const target = await Target.open(targetUrl);
    try {
      return await moveInto(source, target, targetUrl, options);
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

async function moveInto(source: Source, target: Target, url: string, options: MoveOptions): Promise<Move> {
  const progress = await prepare(source, target, url, options.startOver);
  const bar = options.startProgress(PASSES * source.countRows());
  let done = 0;
  const counter = (step: string) => (rows: number) => {
    done += rows;
    bar.update(done, step);
  };
  try {
    const tables: Checksum[] = [];
    for (const table of source.tables)
      tables.push(await source.checksum(table, counter(`Reading ${table.name}`)));
    if (progress === undefined) await target.begin(tables);
    else if (!isSame(progress, tables))
      throw new DataError(
        'the target holds a part of other data, or the source has changed since: empty it with --start-over',
      );
    for (const table of source.tables) {
      const saved = progress?.get(table.name);
      const count = counter(`Copying ${table.name}`);
      count(saved?.copied ?? 0);
      for (const batch of source.read(table, saved?.last ?? null)) {
        await target.write(table, batch);
        count(batch.rows.length);
      }
    }
    const copies: Checksum[] = [];
    for (const table of source.tables)
      copies.push(await target.checksum(table, counter(`Checking ${table.name}`)));
    requireSame(tables, copies);
    await target.finish();
    return { tables, resumed: progress !== undefined };
  } finally {
    bar.stop();
  }
}

/** @returns where an earlier move has come to; undefined when the target is empty */
async function prepare(
  source: Source,
  target: Target,
  url: string,
  startOver: boolean,
): Promise<Progress | undefined> {
  const progress = await target.readProgress();
  if (progress === undefined) await migrate(url);
  const [own, others] = [new Set(source.migrations), new Set(await target.readMigrations())];
  if (own.size !== others.size || [...own].some((name) => !others.has(name)))
    throw new DataError('the two databases are of different versions of Latchkey: move to an empty database');
  await target.requireTables(source.tables);
  if (progress !== undefined && !startOver) return progress;
  if (progress !== undefined) await target.abandon(source.tables);
  else await target.requireEmpty(source.tables);
  return undefined;
}

function requireSame(tables: readonly Checksum[], copies: readonly Checksum[]): void {
  const different = copies.filter(
    ({ rows, checksum }, i) => rows !== tables[i]?.rows || checksum !== tables[i]?.checksum,
  );
  if (different.length === 0) return;
  const names = different.map(({ table }) => table).join(', ');
  throw new DataError(
    `what has come to the target is not what was sent (${names}): run it again with --start-over`,
  );
}
