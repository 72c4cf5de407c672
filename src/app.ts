import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { AccessLevels } from './access/levels.ts';
import access, { type AccessOptions } from './access/plugin.ts';
import { RouteInventory } from './access/route-inventory.ts';
import type { AccountsContext } from './accounts/context.ts';
import { checkFirstAdmin } from './accounts/invitations/first-admin.ts';
import { limitHashing } from './accounts/passwords/hash.ts';
import { AccessTokenAnswer, TokenPair } from './accounts/sessions/schemas.ts';
import { User, VisibleUser } from './accounts/users/schemas.ts';
import type { AuditContext } from './audit/chain.ts';
import { AuditEvent } from './audit/event.schemas.ts';
import { EventAggregator } from './audit/event-aggregator.ts';
import { Recorder } from './audit/record.ts';
import { prepareDatabase } from './boot/prepare-database.ts';
import type { Config } from './config/index.ts';
import { Encryption } from './crypto/encryption.ts';
import { Hmac, type Secrets } from './crypto/hmac.ts';
import { loadSecrets } from './crypto/load-secret.ts';
import type { Database, DatabaseKind } from './db/client.ts';
import { openDatabase } from './db/open.ts';
import { databaseProblem } from './http/database-problem.ts';
import * as limits from './http/limits.ts';
import { openLog } from './http/logger.ts';
import auditDenials from './http/plugins/audit-denials.ts';
import connections from './http/plugins/connections.ts';
import docs from './http/plugins/docs.ts';
import drain from './http/plugins/graceful-shutdown.ts';
import idempotency from './http/plugins/idempotency.ts';
import json from './http/plugins/json-body.ts';
import openapi from './http/plugins/openapi/openapi.ts';
import rateLimit from './http/plugins/rate-limit.ts';
import requestId, { requestIdOf } from './http/plugins/request-id.ts';
import securityHeaders from './http/plugins/security-headers.ts';
import pressure from './http/plugins/under-pressure.ts';
import writeLimit from './http/plugins/write-limit.ts';
import { RequestLines } from './http/request-log.ts';
import { AcceptedResponse } from './http/responses.ts';
import { serverFactory } from './http/server-factory.ts';
import { createValidatorFactory } from './http/validator.ts';
import jobs from './jobs.ts';
import { Delivery } from './mail/delivery.ts';
import { mailSettings, Outbox } from './mail/outbox.ts';
import { Templates } from './mail/templates.ts';
import { openTransport } from './mail/transport.ts';
import problems, { clientErrorHandler, frameworkErrors } from './problems/plugin.ts';
import { ProblemCounter } from './problems/problem-counter.ts';
import routes from './routes/index.ts';
import { registerTelemetry } from './telemetry/register.ts';
import { Throttle } from './throttle/throttle.ts';
import { RevocationFeed } from './tokens/revocations.ts';
import tokens from './tokens/tokens.ts';

/**
 * Timeout of the hooks that run before listening: a first boot may wait for the migration of another process.
 */
const BOOT_TIMEOUT_MS = 120_000;

declare module 'fastify' {
  interface FastifyInstance {
    readonly config: Config;
    readonly accounts: AccountsContext;
    readonly eventAggregator: EventAggregator;
    readonly delivery: Delivery;
    readonly audit: AuditContext;
    readonly databaseKind: DatabaseKind;
    readonly database: Pick<Database, 'pool' | 'control' | 'disk'>;
    readonly problemCounter: ProblemCounter;
  }
}

export interface AppOptions {
  /**
   * Your own routes. They get the guard, the problems and an entry in the OpenAPI document, like the routes
   * of this service.
   */
  readonly routes?: FastifyPluginAsync;
  /**
   * Milliseconds that the event loop may be late before requests are rejected. Set it higher where other code
   * runs in the same process.
   */
  readonly maxEventLoopDelay?: number;
}

/**
 * Builds the service. `ready()` and `listen()` migrate the database, record the access levels and create the
 * first admin before the first request is accepted. `close()` closes the database.
 *
 * @throws {ConfigError} when ADMIN_EMAIL or ADMIN_PASSWORD breaks a rule, or the signing key is not a valid
 *   key
 * @throws {Error} from `ready()` and `listen()`: when a route declares no access, when the levels contradict
 *   the database, or when the database cannot be reached
 */
export async function buildApp(config: Config, options: AppOptions = {}): Promise<FastifyInstance> {
  checkFirstAdmin(config);
  limitHashing(config);
  const inventory = new RouteInventory();
  const problemCounter = new ProblemCounter();
  const app = createInstance(config, inventory, problemCounter, await openLog(config));
  const levels = new AccessLevels(config.accessLevels);
  const database = openDatabase(config.databaseUrl, (error) =>
    // Only the message: the driver attaches the whole connection to the error.
    app.log.warn({ reason: error.message }, 'A database connection broke'),
  );
  app.decorate('config', config);
  const { db, now } = database;
  const revocations = new RevocationFeed(database);
  const secrets = await loadSecrets(config);
  const outbox = new Outbox(new Encryption(secrets, 'mail'), mailSettings(config));
  const audit = { db, now, encryption: new Encryption(secrets, 'audit') };
  const recorder = new Recorder(audit);
  const eventAggregator = new EventAggregator(recorder);
  const throttle = new Throttle(database, new Hmac(secrets, 'throttle'));
  const { frontendUrl } = config;
  const writing = { recorder, eventAggregator, outbox };
  app.decorate('accounts', { db, now, levels, revocations, throttle, frontendUrl, ...writing });
  app.decorate('eventAggregator', eventAggregator);
  const templates = new Templates(config.dataDir);
  const transport = openTransport(config);
  app.decorate('delivery', new Delivery({ db, now, outbox, templates, transport, log: app.log }));
  app.decorate('audit', audit);
  app.decorate('databaseKind', database.kind);
  app.decorate('database', { pool: database.pool, control: database.control, disk: database.disk });
  app.decorate('problemCounter', problemCounter);
  app.addHook('onClose', () => database.close());
  app.addHook('onReady', () => prepareDatabase(app));
  try {
    await register(app, config, { levels, inventory, revocations }, secrets, options);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/** Registers the plugins in the order in which they depend on each other. */
async function register(
  app: FastifyInstance,
  config: Config,
  accessOptions: AccessOptions,
  secrets: Secrets,
  options: AppOptions,
): Promise<void> {
  const shared = [User, VisibleUser, AccessTokenAnswer, TokenPair, AcceptedResponse, AuditEvent];
  for (const schema of shared) app.addSchema(schema);
  const { problemCounter } = app;
  await registerTelemetry(app, config);
  await app.register(drain);
  await app.register(connections, config);
  await app.register(requestId);
  await app.register(problems, { publicUrl: config.publicUrl, problemCounter, recognise: databaseProblem });
  await app.register(tokens, { config, secrets });
  await app.register(access, accessOptions);
  await app.register(securityHeaders, config);
  await app.register(rateLimit, config);
  await app.register(pressure, options);
  await app.register(json);
  await app.register(writeLimit, config);
  await app.register(idempotency, { secrets });
  await app.register(auditDenials);
  await app.register(jobs);
  await app.register(openapi);
  await app.register(docs);
  await app.register(routes);
  if (options.routes !== undefined) await app.register(options.routes);
}

function createInstance(
  config: Config,
  inventory: RouteInventory,
  problemCounter: ProblemCounter,
  loggerInstance: FastifyBaseLogger,
): FastifyInstance {
  // A variable, because Fastify's types do not know buildPrettyMeta.
  const routerOptions = { ignoreTrailingSlash: true, buildPrettyMeta: inventory.collect };
  const { publicUrl } = config;
  const app = Fastify({
    loggerInstance,
    logController: new RequestLines(config.logLevel),
    genReqId: requestIdOf,
    bodyLimit: limits.BODY_LIMIT_BYTES,
    pluginTimeout: BOOT_TIMEOUT_MS,
    // Requests under way when the process is told to stop are answered, not refused.
    return503OnClosing: false,
    routerOptions,
    serverFactory,
    trustProxy: trustedProxies(config),
    frameworkErrors: frameworkErrors({ publicUrl, problemCounter }),
    clientErrorHandler: clientErrorHandler({ publicUrl, problemCounter }),
    schemaController: { compilersFactory: { buildValidator: createValidatorFactory() } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.removeContentTypeParser('text/plain');
  return app;
}

/** Trusts the given number of proxies that are nearest to this process. */
function trustedProxies({ trustProxy }: Config) {
  return typeof trustProxy === 'number' ? (_address: string, hop: number) => hop < trustProxy : trustProxy;
}
