import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { databaseKind } from './client.ts';
import { postgresMigrations } from './migrate-postgres.ts';
import { sqliteMigrations } from './migrate-sqlite.ts';
import type { RecordedMigration } from './migrations.ts';
import { migrationsFolder, pendingMigrations, readMigrations } from './migrations.ts';

export { MigrationError } from './migrations.ts';

/** What differs between the databases. */
export interface MigrationTarget {
  /** Rows of `_prisma_migrations` that were not rolled back; none where there is no such table, or no database yet. */
  recorded(): Promise<readonly RecordedMigration[]>;
  /** Runs work while no other process does the same on this database. The lock ends with the process. */
  locked<T>(work: () => Promise<T>): Promise<T>;
  /** Connections for the schema engine. */
  readonly factory: SqlMigrationAwareDriverAdapterFactory;
}

/**
 * Brings a database up to this version's schema. Costs some milliseconds where nothing is pending. Processes that start
 * at once wait for the one that does it.
 *
 * @returns the names of the migrations that this call has applied
 * @throws {MigrationError} when the database's history does not fit, or another process holds the lock for too long
 */
export async function migrate(url: string): Promise<{ applied: string[] }> {
  const kind = databaseKind(url);
  const target = kind === 'sqlite' ? sqliteMigrations(url) : postgresMigrations(url);
  const folder = migrationsFolder(kind);
  const migrations = await readMigrations(folder);
  const pending = async () => pendingMigrations(migrations, await target.recorded());

  if ((await pending()).length === 0) return { applied: [] };
  return target.locked(async () => {
    // Another process may have been at it in the meantime.
    if ((await pending()).length === 0) return { applied: [] };
    const { applyMigrations } = await import('./apply.ts');
    const applied = await applyMigrations(target.factory, folder, migrations);
    await pending();
    return { applied };
  });
}
