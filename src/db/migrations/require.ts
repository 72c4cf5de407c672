import { databaseKind } from '../client.ts';
import { DataError } from '../data-error.ts';
import { requireDatabase, sqlitePath } from '../sqlite/database-file.ts';
import { type MigrationState, readMigrationState } from './migrate.ts';

/**
 * Checks that a database exists and has tables. So a mistyped path or URL makes no new database. Changes
 * nothing.
 *
 * @throws {DataError} when there is no database, or when it has no tables
 * @throws {MigrationError} when the database's history does not fit
 */
export async function requireTables(url: string): Promise<MigrationState> {
  if (databaseKind(url) === 'sqlite') requireDatabase(sqlitePath(url));
  const state = await readMigrationState(url);
  if (state.isEmpty)
    throw new DataError(
      'the database has no tables of Latchkey: check DATABASE_URL (the tables of a new database are made by latchkey migrate)',
    );
  return state;
}

/**
 * Checks that a database has the tables of this version, for commands that only read: they do not migrate it.
 *
 * @throws {DataError} as {@link requireTables}, and when migrations are pending
 * @throws {MigrationError} when the database's history does not fit
 */
export async function requireMigrated(url: string): Promise<void> {
  const { pending } = await requireTables(url);
  if (pending.length > 0)
    throw new DataError(
      `the database is of an earlier version (pending: ${pending.join(', ')}): back it up, then run latchkey migrate`,
    );
}
