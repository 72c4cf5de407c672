import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { packageRoot } from '../../config/package.ts';
import type { DatabaseKind } from '../client.ts';

/** A migration that this version of Latchkey has brought along. */
export interface Migration {
  /** Its folder's name, which begins with a time and so sorts. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the SQL in hex, as Prisma records it. */
  readonly checksum: string;
}

/** A row of Prisma's bookkeeping table, `_prisma_migrations`. */
export interface RecordedMigration {
  readonly name: string;
  readonly checksum: string;
  /** False where it began and did not end. */
  readonly finished: boolean;
}

/** What differs between the databases. */
export interface MigrationTarget {
  /** Rows of `_prisma_migrations` that were not rolled back; none where there is no such table, or no database yet. */
  recorded(): Promise<readonly RecordedMigration[]>;
  /** Runs work while no other process does the same on this database. The lock ends with the process. */
  locked<T>(work: () => Promise<T>): Promise<T>;
  /** Connections for the schema engine. */
  readonly factory: SqlMigrationAwareDriverAdapterFactory;
}

/** The database and this version of Latchkey do not fit. The message is one line that says what to do. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/** The folder of prisma/migrations for a kind of database. */
export function migrationsFolder(kind: DatabaseKind): string {
  return resolve(packageRoot, 'prisma/migrations', kind);
}

/** Reads the migrations in a folder, oldest first. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(resolve(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * The migrations that the database has not had. Those that it had and this version does not know are a newer one's:
 * during an upgrade the old processes run beside the new schema.
 *
 * @throws {MigrationError} when a recorded one has been altered since, or has not ended
 */
export function pendingMigrations(
  migrations: readonly Migration[],
  recorded: readonly RecordedMigration[],
): readonly Migration[] {
  const unfinished = recorded.find(({ finished }) => !finished);
  if (unfinished) {
    const row = `WHERE migration_name = '${unfinished.name}' AND finished_at IS NULL`;
    throw new MigrationError(
      `migration ${unfinished.name} began and did not end: look whether its changes are in the database (they are made all or not at all), then run DELETE FROM "_prisma_migrations" ${row} if they are not, or UPDATE "_prisma_migrations" SET finished_at = started_at ${row} if they are, and start again`,
    );
  }
  const checksums = new Map(recorded.map(({ name, checksum }) => [name, checksum]));
  const altered = migrations.find(({ name, checksum }) => (checksums.get(name) ?? checksum) !== checksum);
  if (altered) {
    throw new MigrationError(
      `migration ${altered.name} is not the one that this database had: reinstall Latchkey, or put its migration.sql back; changes of the schema go into a new migration`,
    );
  }
  return migrations.filter(({ name }) => !checksums.has(name));
}
