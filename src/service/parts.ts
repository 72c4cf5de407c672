import type { FastifyBaseLogger } from 'fastify';
import { ApiKeys } from '../access/api-keys.ts';
import { AccessLevels } from '../access/levels.ts';
import { VerifiedTokens } from '../access/verified-tokens.ts';
import type { AccountsContext } from '../accounts/context.ts';
import type { AuditContext } from '../audit/chain.ts';
import { EventAggregator } from '../audit/event-aggregator.ts';
import { Recorder } from '../audit/record.ts';
import type { Config } from '../config/index.ts';
import { Encryption } from '../crypto/encryption.ts';
import { Hmac, type Secrets } from '../crypto/hmac.ts';
import { loadSecrets } from '../crypto/load-secret.ts';
import type { Database } from '../db/client.ts';
import { openDatabase } from '../db/open.ts';
import { Delivery } from '../mail/delivery.ts';
import { mailSettings, Outbox } from '../mail/outbox.ts';
import { Templates } from '../mail/templates.ts';
import { openTransport } from '../mail/transport.ts';
import { Throttle } from '../throttle/throttle.ts';
import { FeedReaders } from '../tokens/feed-readers.ts';
import { MailCodes } from '../tokens/mail-codes.ts';
import { PasskeyChallenges } from '../tokens/passkey-challenges.ts';
import { RevocationFeed } from '../tokens/revocations.ts';
import { openTokens, type TokenParts } from '../tokens/tokens.ts';

/** The parts of one service, which know nothing of Fastify. */
export interface Parts extends TokenParts {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly levels: AccessLevels;
  readonly database: Database;
  readonly revocations: RevocationFeed;
  readonly feedReaders: FeedReaders;
  readonly verifiedTokens: VerifiedTokens;
  readonly apiKeys: ApiKeys;
  readonly eventAggregator: EventAggregator;
  readonly accounts: AccountsContext;
  readonly audit: AuditContext;
  readonly delivery: Delivery;
}

/**
 * Opens the parts of a service. The database is not read yet. Close it at the end: `parts.database.close()`.
 *
 * @throws {ConfigError} when a key, a secret, a mail template or the mail server's URL is not valid
 */
export async function openParts(config: Config, log: FastifyBaseLogger): Promise<Parts> {
  const secrets = await loadSecrets(config);
  const issuing = await openTokens(config, secrets);
  const templates = new Templates(config.dataDir);
  const transport = openTransport(config);
  const levels = new AccessLevels(config.accessLevels);
  const database = openDatabase(config.databaseUrl, (error) =>
    // Only the message: the driver attaches the whole connection to the error.
    log.warn({ reason: error.message }, 'A database connection broke'),
  );
  const { db, now } = database;
  const revocations = new RevocationFeed(database);
  const outbox = new Outbox(new Encryption(secrets, 'mail'), mailSettings(config));
  const audit = { db, now, encryption: new Encryption(secrets, 'audit') };
  const recorder = new Recorder(audit);
  const eventAggregator = new EventAggregator(recorder);
  const throttle = new Throttle(database, new Hmac(secrets, 'throttle'));
  const { frontendUrl, mailLinks } = config;
  const totpEncryption = new Encryption(secrets, 'totp');
  const writing = { recorder, eventAggregator, outbox };
  return {
    config,
    secrets,
    ...issuing,
    levels,
    database,
    revocations,
    feedReaders: new FeedReaders(revocations, database),
    verifiedTokens: new VerifiedTokens(),
    apiKeys: new ApiKeys(db, revocations, config.secondFactor.limit),
    eventAggregator,
    accounts: {
      db,
      now,
      levels,
      revocations,
      throttle,
      frontendUrl,
      mailLinks,
      totpEncryption,
      secondFactor: config.secondFactor,
      signInMethods: config.signInMethods,
      passkeys: config.passkeys,
      passkeyChallenges: new PasskeyChallenges(secrets),
      mailCodes: new MailCodes(secrets),
      ...writing,
    },
    audit,
    delivery: new Delivery({ db, now, outbox, templates, transport, log }),
  };
}
