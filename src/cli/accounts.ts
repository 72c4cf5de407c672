import { AccessLevels } from '../access/levels.ts';
import type { AccountsContext } from '../accounts/context.ts';
import { EventAggregator } from '../audit/event-aggregator.ts';
import { Recorder } from '../audit/record.ts';
import { checkLevels, recordLevels } from '../boot/levels.ts';
import type { Config } from '../config/index.ts';
import { Encryption } from '../crypto/encryption.ts';
import { Hmac, type Secrets } from '../crypto/hmac.ts';
import { loadSecrets, readSecrets } from '../crypto/load-secret.ts';
import { ensureMigrated } from '../db/migrations/ensure.ts';
import { requireMigrated, requireTables } from '../db/migrations/require.ts';
import { openDatabase } from '../db/open.ts';
import { mailSettings, Outbox } from '../mail/outbox.ts';
import { Throttle } from '../throttle/throttle.ts';
import { MailCodes } from '../tokens/mail-codes.ts';
import { PasskeyChallenges } from '../tokens/passkey-challenges.ts';

/** The part of {@link AccountsContext} that only reads. */
export type ReadingContext = Pick<AccountsContext, 'db' | 'now'>;

/**
 * Runs a command that only reads the database. It makes no database, no tables and no secret, and records
 * nothing.
 *
 * @throws {DataError} when there is no database with the tables of this version
 */
export async function withDatabase<T>(
  { databaseUrl }: Config,
  work: (context: ReadingContext) => Promise<T>,
): Promise<T> {
  await requireMigrated(databaseUrl);
  const { db, now, close } = openDatabase(databaseUrl, () => {}, { readOnly: true });
  try {
    return await work({ db, now });
  } finally {
    await close();
  }
}

/**
 * Runs a command like {@link withAccounts}, but only where there are accounts. So a mistyped path creates
 * neither a new database nor a second secret.
 *
 * @param options `isReading` for a command that shows accounts: it does not migrate the database, and does
 *   not record the levels. A list still stores that elevations have expired, as the service does
 * @throws {DataError} when there is no database, or no tables; for a reading command also when migrations are
 *   pending
 * @throws {ConfigError} when there is no secret
 */
export async function withExistingAccounts<T>(
  config: Config,
  work: (context: AccountsContext) => Promise<T>,
  { isReading = false }: { readonly isReading?: boolean } = {},
): Promise<T> {
  const { databaseUrl } = config;
  await (isReading ? requireMigrated : requireTables)(databaseUrl);
  const secrets = await readSecrets(config);
  if (!isReading) await ensureMigrated(config);
  return openAccounts(config, secrets, isReading, work);
}

/**
 * Runs a command on the accounts, with the same functions as the service. The service sends the resulting
 * mails and seals the resulting audit events.
 */
export async function withAccounts<T>(
  config: Config,
  work: (context: AccountsContext) => Promise<T>,
): Promise<T> {
  await ensureMigrated(config);
  return openAccounts(config, await loadSecrets(config), false, work);
}

async function openAccounts<T>(
  config: Config,
  secrets: Secrets,
  isReading: boolean,
  work: (context: AccountsContext) => Promise<T>,
): Promise<T> {
  const { db, now, close } = openDatabase(config.databaseUrl);
  try {
    const levels = new AccessLevels(config.accessLevels);
    const recorder = new Recorder({ db, now, encryption: new Encryption(secrets, 'audit') });
    await recorder.open();
    if (isReading) await checkLevels(db, levels);
    else await recordLevels({ db, recorder }, levels);
    return await work({
      db,
      now,
      levels,
      // Commands check no tokens.
      revocations: { apply: () => {} },
      eventAggregator: new EventAggregator(recorder),
      recorder,
      throttle: new Throttle({ db, now }, new Hmac(secrets, 'throttle')),
      outbox: new Outbox(new Encryption(secrets, 'mail'), mailSettings(config)),
      totpEncryption: new Encryption(secrets, 'totp'),
      secondFactor: config.secondFactor,
      signInMethods: config.signInMethods,
      passkeys: config.passkeys,
      passkeyChallenges: new PasskeyChallenges(secrets),
      mailCodes: new MailCodes(secrets),
      frontendUrl: config.frontendUrl,
      mailLinks: config.mailLinks,
    });
  } finally {
    await close();
  }
}
