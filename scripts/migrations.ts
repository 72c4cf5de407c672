import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DatabaseKind } from '#latchkey/db/client.ts';
import { toEngineList } from '#latchkey/db/migrations/apply.ts';
import { type Migration, migrationsFolder, readMigrations } from '#latchkey/db/migrations/read-migrations.ts';
import { noFilter, withSchemaEngine } from '#latchkey/db/migrations/schema-engine.ts';
import { introspectionFactory } from './introspection.ts';
import { withScratchDatabase } from './scratch.ts';

export const kinds: readonly DatabaseKind[] = ['sqlite', 'postgresql'];

const modelsFile = resolve(import.meta.dirname, '../prisma/schema.prisma');

/** Reads the committed migrations of a kind of database; none when the folder has no lock file yet. */
export function committedMigrations(kind: DatabaseKind): Promise<readonly Migration[]> {
  return readMigrations(migrationsFolder(kind));
}

/** Reads the models, as prisma/generate.js derives them for a kind of database. */
export async function readModels(kind: DatabaseKind): Promise<string> {
  const models = await readFile(modelsFile, 'utf8');
  return models.replace('provider = "sqlite"', `provider = "${kind}"`);
}

/**
 * Replays migrations on an empty database and compares the tables with models.
 *
 * @returns the SQL that leads from the tables to the models; undefined when they are the same
 */
export function difference(
  kind: DatabaseKind,
  migrations: readonly Migration[],
  models: string,
): Promise<string | undefined> {
  return withScratchDatabase(kind, (url) =>
    withSchemaEngine(introspectionFactory(kind, url), async (engine) => {
      const { exitCode, stdout } = await engine.diff({
        from: { tag: 'migrations', ...(await toEngineList(migrationsFolder(kind), migrations)) },
        to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: models }] },
        script: true,
        exitCode: true,
        filters: noFilter,
      });
      return exitCode === 0 ? undefined : (stdout ?? '');
    }),
  );
}
