import { AccessLevels } from '../access/levels.ts';
import type { AccountsContext } from '../accounts/context.ts';
import { EventAggregator } from '../audit/event-aggregator.ts';
import { recordLevels } from '../boot/levels.ts';
import type { Config } from '../config/index.ts';
import { Encryption } from '../crypto/encryption.ts';
import { Hmac } from '../crypto/hmac.ts';
import { loadSecrets } from '../crypto/load-secret.ts';
import { databaseKind } from '../db/client.ts';
import { migrate } from '../db/migrations/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { requireDatabase, sqlitePath } from '../db/sqlite/database-file.ts';
import { mailSettings, Outbox } from '../mail/outbox.ts';
import { Throttle } from '../throttle/throttle.ts';

/**
 * As {@link withAccounts}, for commands that have nothing to do where nothing has been kept yet: in a folder that was mistyped, say.
 *
 * @throws {DataError} when there is no SQLite database
 */
export async function withExistingAccounts<T>(
  config: Config,
  work: (context: AccountsContext) => Promise<T>,
): Promise<T> {
  const { databaseUrl } = config;
  if (databaseKind(databaseUrl) === 'sqlite') requireDatabase(sqlitePath(databaseUrl));
  return withAccounts(config, work);
}

/**
 * Runs a command on the accounts, with the same functions as the service. Mails and audit events that follow from it are sent and
 * sealed by the service.
 */
export async function withAccounts<T>(
  config: Config,
  work: (context: AccountsContext) => Promise<T>,
): Promise<T> {
  await migrate(config.databaseUrl);
  const { db, now, close } = openDatabase(config.databaseUrl);
  try {
    const levels = new AccessLevels(config.accessLevels);
    await recordLevels(db, levels);
    const secrets = await loadSecrets(config);
    return await work({
      db,
      now,
      levels,
      // Nobody's token is checked here.
      revocations: { apply: () => {} },
      eventAggregator: new EventAggregator(),
      throttle: new Throttle({ db, now }, new Hmac(secrets, 'throttle')),
      outbox: new Outbox(new Encryption(secrets, 'mail'), mailSettings(config)),
      frontendUrl: config.frontendUrl,
    });
  } finally {
    await close();
  }
}
