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
 * Runs a command like {@link withAccounts}, but only on an existing database. So a mistyped path does not
 * create a new one.
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
 * Runs a command on the accounts, with the same functions as the service. The service sends the resulting
 * mails and seals the resulting audit events.
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
      // Commands check no tokens.
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
