import { DataError } from '../data-error.ts';
import { readRecorded } from '../migrations/migrate-sqlite.ts';
import { migrationsFolder, pendingMigrations, readMigrations } from '../migrations/read-migrations.ts';
import { openReader } from '../sqlite/database-file.ts';
import { isSqliteError, type SqliteDatabase } from '../sqlite/driver.ts';

/** Contents of a database file. */
export interface Contents {
  readonly users: number;
  readonly auditEvents: number;
  /** Names of the migrations that a newer version has applied. */
  readonly newerMigrations: readonly string[];
}

/**
 * Checks that a file is an intact database of this version of Latchkey, or of an earlier one. Reads all of
 * it.
 *
 * @param name the file name for the error messages, when it is not the path itself
 * @param mayBeNewer true when a database of a newer version is accepted
 * @throws {DataError} when it is not such a database
 * @throws {MigrationError} when its migration history does not fit
 */
export async function inspectDatabase(path: string, name = path, mayBeNewer = false): Promise<Contents> {
  const contents = readContents(path, name);
  const recorded = readRecorded(path);
  const migrations = await readMigrations(migrationsFolder('sqlite'));
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = recorded.map(({ name }) => name).filter((name) => !known.has(name));
  if (recorded.length === 0 || contents === undefined)
    throw new DataError(`${name} is not a Latchkey database`);
  if (unknown.length > 0 && !mayBeNewer)
    throw new DataError(`${name} is of a newer version (${unknown.join(', ')}): use that version`);
  pendingMigrations(migrations, recorded);
  return { ...contents, newerMigrations: unknown };
}

/** @returns undefined when there is no table of users */
function readContents(path: string, name: string): Omit<Contents, 'newerMigrations'> | undefined {
  try {
    const database = openReader(path);
    try {
      requireWhole(database, name);
      requireNoForeignCode(database, name);
      const users = countRows(database, 'User');
      return users === undefined ? undefined : { users, auditEvents: countRows(database, 'AuditEvent') ?? 0 };
    } finally {
      database.close();
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    if (error.code === 'SQLITE_NOTADB')
      throw new DataError(`${name} is not a SQLite database`, { cause: error });
    throw new DataError(`${name} cannot be read (${error.message})`, { cause: error });
  }
}

/** Checks the file's integrity. https://www.sqlite.org/pragma.html#pragma_integrity_check */
function requireWhole(database: SqliteDatabase, name: string): void {
  const [found] = database.prepare<[], string>('PRAGMA integrity_check(1)').pluck().all();
  if (found !== 'ok') throw new DataError(`${name} is damaged (${found?.replaceAll(/\s+/g, ' ')})`);
}

/**
 * Refuses a database with triggers or views. Latchkey has none, and SQLite would run those of a file that
 * was changed by others. A trigger could give each new user the highest level.
 *
 * @throws {DataError} when there is one
 */
export function requireNoForeignCode(database: SqliteDatabase, name: string): void {
  const [found] = database
    .prepare<[], { type: string; name: string }>(
      "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name",
    )
    .all();
  if (found !== undefined)
    throw new DataError(
      `${name} has the ${found.type} ${found.name}, which is not Latchkey's: find out who added it, and remove it (DROP ${found.type.toUpperCase()})`,
    );
}

/** @returns undefined when there is no such table */
function countRows(database: SqliteDatabase, table: string): number | undefined {
  const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
  if (found === undefined) return undefined;
  return database.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get();
}
