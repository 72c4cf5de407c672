import { databaseKind } from '../client.ts';
import { requireDeclaredPooler } from '../postgres/pgbouncer.ts';
import { postgresMigrations } from './migrate-postgres.ts';
import { sqliteMigrations } from './migrate-sqlite.ts';
import {
  MigrationError,
  type MigrationTarget,
  migrationsFolder,
  pendingMigrations,
  readMigrations,
} from './read-migrations.ts';

export { MigrationError } from './read-migrations.ts';

/**
 * Brings a database up to this version's schema. Costs some milliseconds where nothing is pending. Processes that start
 * at once wait for the one that does it.
 *
 * @param folder where the migrations are; this version's own unless told
 * @returns the names of the migrations that this call has applied
 * @throws {MigrationError} when the database's history does not fit, or another process holds the lock for too long
 * @throws {ConfigError} behind a pooler that the URL does not tell of
 */
export async function migrate(
  url: string,
  folder: string = migrationsFolder(databaseKind(url)),
): Promise<{ applied: string[] }> {
  const target = openTarget(url);
  const migrations = await readMigrations(folder);
  const pending = async () => pendingMigrations(migrations, await target.recorded());

  const recorded = await target.recorded();
  await requireDeclaredPooler(url);
  // One that has not ended may be under way in another process: whoever holds the lock can tell.
  const isUnderWay = recorded.some(({ finished }) => !finished);
  if (!isUnderWay && pendingMigrations(migrations, recorded).length === 0) return { applied: [] };
  return target.locked(async () => {
    // Another process may have been at it in the meantime.
    if ((await pending()).length === 0) return { applied: [] };
    const { applyMigrations } = await import('./apply.ts');
    const applied = await applyMigrations(target.factory, folder, migrations).catch((error: unknown) => {
      // The engine appends where in its code it happened, which is for the log.
      const [reason] = error instanceof Error ? error.message.split(/\n\s+0: /) : [String(error)];
      throw new MigrationError(
        `the database was not migrated (${reason?.replaceAll(/\s+/g, ' ').trim()}): nothing of the migration that failed was kept`,
        { cause: error },
      );
    });
    await pending();
    return { applied };
  });
}

/** How a database's history compares with this version's migrations. */
export interface MigrationState {
  /** Names of those that the next start applies. */
  readonly pending: readonly string[];
  /** Names of those that a newer version has applied. */
  readonly unknown: readonly string[];
  /** Whether none was applied yet: there are no tables. */
  readonly isEmpty: boolean;
}

/**
 * Compares, and changes nothing.
 *
 * @throws {MigrationError} when the database's history does not fit
 */
export async function readMigrationState(url: string): Promise<MigrationState> {
  const migrations = await readMigrations(migrationsFolder(databaseKind(url)));
  const recorded = await openTarget(url).recorded();
  const known = new Set(migrations.map(({ name }) => name));
  return {
    pending: pendingMigrations(migrations, recorded).map(({ name }) => name),
    unknown: recorded.map(({ name }) => name).filter((name) => !known.has(name)),
    isEmpty: recorded.length === 0,
  };
}

function openTarget(url: string): MigrationTarget {
  return databaseKind(url) === 'sqlite' ? sqliteMigrations(url) : postgresMigrations(url);
}
