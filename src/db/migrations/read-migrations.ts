import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { packageRoot } from '../../config/package.ts';
import type { DatabaseKind } from '../client.ts';

/** Migration of this version of Latchkey. */
export interface Migration {
  /** Name of its folder. It begins with a time, so that names sort. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the SQL in hex, as Prisma records it. */
  readonly checksum: string;
}

/** Row of Prisma's bookkeeping table, `_prisma_migrations`. */
export interface RecordedMigration {
  readonly name: string;
  readonly checksum: string;
  /** False when it began and did not end. */
  readonly finished: boolean;
}

/** Operations that differ between the databases. */
export interface MigrationTarget {
  /**
   * Reads the rows of `_prisma_migrations` that were not rolled back; none when the table or the database
   * does not exist.
   */
  recorded(): Promise<readonly RecordedMigration[]>;
  /**
   * Runs work under a lock, so that no other process migrates this database. The lock ends with the process.
   */
  locked<T>(work: () => Promise<T>): Promise<T>;
  /** Connections for the schema engine. */
  readonly factory: SqlMigrationAwareDriverAdapterFactory;
}

/**
 * Error of a database that does not fit this version of Latchkey. The message is one line that says what to
 * do.
 */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/** Returns the folder in prisma/migrations for a kind of database. */
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
 * Returns the migrations that were not applied yet. Applied migrations that this version does not know belong
 * to a newer version: during an upgrade, old processes run with the new schema.
 *
 * @throws {MigrationError} when an applied migration was altered since, or has not ended
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
