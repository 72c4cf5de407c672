import { DataError } from '../data-error.ts';
import { migrate } from '../migrations/migrate.ts';
import { requireMigrated } from '../migrations/require.ts';
import { sqlitePath } from '../sqlite/database-file.ts';
import type { Checksum } from './canonical.ts';
import { Source } from './source.ts';
import { isSame, type Progress } from './state.ts';
import { Target } from './target.ts';

/** Every row is handled three times: read for its checksum, copied, and read again in the target. */
const PASSES = 3;

export interface MoveOptions {
  /** Discards an unfinished move that cannot continue. */
  readonly startOver: boolean;
  /** @param total number of rows, each counted once per pass */
  startProgress(total: number): { update(done: number, step: string): void; stop(): void };
}

/** Result of a move. */
export interface Move {
  readonly tables: readonly Checksum[];
  /** True when an earlier call had begun it. */
  readonly resumed: boolean;
}

/**
 * Copies a SQLite database into an empty Postgres database, table by table and in batches, and compares the
 * two. After an interruption, the next call continues. The memory needed does not depend on the number of
 * rows.
 *
 * @throws {DataError} when there is no source of this version, another process works on it, the target is not
 *   empty, or the two differ in the end
 */
export async function move(sourceUrl: string, targetUrl: string, options: MoveOptions): Promise<Move> {
  await requireMigrated(sourceUrl);
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

/** @returns the progress of an earlier move; undefined when the target is empty */
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
  throw new DataError(`the copied data differs from the source (${names}): run it again with --start-over`);
}
