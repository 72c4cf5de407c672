import type { Config } from '../../config/index.ts';
import { requireDeclaredPooler } from '../postgres/pgbouncer.ts';
import { MigrationError, migrate, readMigrationState } from './migrate.ts';

/**
 * Migrates a database, or checks that `latchkey migrate` has done it, as MIGRATIONS says. With `manual`, a
 * process needs no right to change tables, and several that start at once do not wait for each other.
 *
 * @returns the names of the migrations that this call has applied
 * @throws {MigrationError} as {@link migrate}, and with `manual` also when migrations are pending
 * @throws {ConfigError} when there is a pooler that the URL does not declare
 */
export async function ensureMigrated({
  databaseUrl,
  migrations,
}: Pick<Config, 'databaseUrl' | 'migrations'>): Promise<{ applied: string[] }> {
  if (migrations === 'automatic') return migrate(databaseUrl);
  await requireDeclaredPooler(databaseUrl);
  const { isEmpty, pending } = await readMigrationState(databaseUrl);
  if (pending.length === 0) return { applied: [] };
  const found = isEmpty ? 'the database has no tables yet' : `migrations are pending (${pending.join(', ')})`;
  throw new MigrationError(`${found}, and MIGRATIONS is manual: run latchkey migrate first`);
}
