import type { FastifyInstance } from 'fastify';
import { createFirstAdmin } from '../accounts/invitations/first-admin.ts';
import { backfillSortKeys } from '../accounts/users/backfill-sort-keys.ts';
import { ensureDatabaseId } from '../db/database-id.ts';
import { ensureMigrated } from '../db/migrations/ensure.ts';
import { plainConnectionAdvice } from '../db/postgres/encryption.ts';
import { poolerAdvice } from '../db/postgres/pgbouncer.ts';
import { bootstrapApiKey } from './bootstrap-api-key.ts';
import { recordKeys } from './keys.ts';
import { recordLevels } from './levels.ts';
import { recordRelyingParty } from './relying-party.ts';
import { warnOfEnrolment } from './warn-of-enrolment.ts';

/**
 * Prepares the database at boot: migrates its tables, unless MIGRATIONS is manual, and records the levels,
 * the keys and the first admin of the configuration. A change that could not be recorded is not made, so a
 * start needs the key of the audit.
 *
 * @throws {ConfigError} when SECRET does not open the key of the audit chain
 * @throws {ConfigError} when RP_ID is not that of the passkeys
 * @throws {Error} when the access levels contradict the database, or it cannot be reached
 */
export async function prepareDatabase(app: FastifyInstance): Promise<void> {
  const { config, accounts, keys, log } = app;
  const plain = plainConnectionAdvice(config.databaseUrl);
  if (plain !== undefined) log.warn(plain);
  const { applied } = await ensureMigrated(config);
  if (applied.length > 0) log.info({ migrations: applied }, 'Migrations applied');
  for (const advice of await poolerAdvice(config.databaseUrl)) log.warn(advice);
  await ensureDatabaseId(accounts);
  await backfillSortKeys(accounts.db);
  await accounts.recorder.open();
  await recordLevels(accounts, accounts.levels);
  await recordKeys(accounts, keys.verification);
  const reason = await recordRelyingParty(accounts);
  if (reason !== undefined) log.info(`There are no passkeys: ${reason}`);
  if (config.firstAdmin !== undefined && (await createFirstAdmin(accounts, config.firstAdmin)))
    log.info('The admin of ADMIN_EMAIL was created');
  await bootstrapApiKey(app);
  await warnOfEnrolment(app);
}
