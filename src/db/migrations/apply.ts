import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationList } from '@prisma/schema-engine-wasm';
import type { Migration } from './read-migrations.ts';
import { noFilter, withSchemaEngine } from './schema-engine.ts';

/**
 * Applies the pending migrations, with Prisma's own bookkeeping.
 *
 * @param migrations all migrations of this version; the engine applies those that are pending
 * @returns the names of the migrations applied
 */
export function applyMigrations(
  factory: SqlMigrationAwareDriverAdapterFactory,
  folder: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  return withSchemaEngine(factory, async (engine) => {
    const migrationsList = await toEngineList(folder, migrations);
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: noFilter });
    return appliedMigrationNames;
  });
}

/** Converts migrations into the engine's format. */
export async function toEngineList(folder: string, migrations: readonly Migration[]): Promise<MigrationList> {
  const lockfile = 'migration_lock.toml';
  return {
    baseDir: folder,
    lockfile: { path: lockfile, content: await readFile(resolve(folder, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}
