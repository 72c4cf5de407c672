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
 * Migrates a database to this version's schema. Takes a few milliseconds when nothing is pending. Of
 * processes that start at the same time, one migrates and the others wait.
 *
 * @param folder of the migrations; this version's own by default
 * @returns the names of the migrations that this call has applied
 * @throws {MigrationError} when the database's history does not fit, or another process holds the lock for
 *   too long
 * @throws {ConfigError} when there is a pooler that the URL does not declare
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
  // An unfinished migration may be under way in another process: the holder of the lock can tell.
  const isUnderWay = recorded.some(({ finished }) => !finished);
  if (!isUnderWay && pendingMigrations(migrations, recorded).length === 0) return { applied: [] };
  return target.locked(async () => {
    // Another process may have migrated in the meantime.
    if ((await pending()).length === 0) return { applied: [] };
    const { applyMigrations } = await import('./apply.ts');
    const applied = await applyMigrations(target.factory, folder, migrations).catch((error: unknown) => {
      // The engine appends the place in its code, which belongs in the log.
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

/** Comparison of a database's history with this version's migrations. */
export interface MigrationState {
  /** Names of the migrations that the next start applies. */
  readonly pending: readonly string[];
  /** Names of the migrations that a newer version has applied. */
  readonly unknown: readonly string[];
  /** True when no migration was applied yet: there are no tables. */
  readonly isEmpty: boolean;
}

/**
 * Compares a database's history with this version's migrations. Changes nothing.
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
