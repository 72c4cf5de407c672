import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { ApiKeys } from '../access/api-keys.ts';
import type { AccessLevels, DeclaredAccess } from '../access/levels.ts';
import type { Operation } from '../access/plugin.ts';
import type { RouteInventory, StoredRoute } from '../access/route-inventory.ts';
import type { VerifiedTokens } from '../access/verified-tokens.ts';
import type { AccountsContext } from '../accounts/context.ts';
import type { AuditContext } from '../audit/chain.ts';
import type { EventAggregator } from '../audit/event-aggregator.ts';
import { prepareDatabase } from '../boot/prepare-database.ts';
import type { Config } from '../config/index.ts';
import type { Database, DatabaseKind } from '../db/client.ts';
import { databaseProblem } from '../http/database-problem.ts';
import auditDenials from '../http/plugins/audit-denials.ts';
import docs from '../http/plugins/docs.ts';
import { serviceScope } from '../http/plugins/host-routes.ts';
import idempotency from '../http/plugins/idempotency.ts';
import isolation from '../http/plugins/isolation.ts';
import json from '../http/plugins/json-body.ts';
import openapi from '../http/plugins/openapi/openapi.ts';
import pages from '../http/plugins/pages.ts';
import rateLimit from '../http/plugins/rate-limit.ts';
import requestId from '../http/plugins/request-id.ts';
import securityHeaders from '../http/plugins/security-headers.ts';
import pressure from '../http/plugins/under-pressure.ts';
import writeLimit from '../http/plugins/write-limit.ts';
import jobs from '../jobs.ts';
import type { Delivery } from '../mail/delivery.ts';
import type { OwnProblemTable } from '../problems/own-problems.ts';
import problems from '../problems/plugin.ts';
import type { ProblemCounter } from '../problems/problem-counter.ts';
import routes from '../routes/index.ts';
import { registerTelemetry } from '../telemetry/register.ts';
import type { FeedReaders } from '../tokens/feed-readers.ts';
import type { Keys } from '../tokens/keys.ts';
import type { RefreshTokens } from '../tokens/refresh-tokens.ts';
import type { RevocationFeed } from '../tokens/revocations.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { sharedSchemas } from './contract.ts';
import type { Parts } from './parts.ts';

declare module 'fastify' {
  /** The members in the scope of the service. An app that hosts it does not have them. */
  interface FastifyInstance {
    readonly config: Config;
    readonly levels: AccessLevels;
    readonly operations: readonly Operation[];
    readonly accounts: AccountsContext;
    readonly revocations: RevocationFeed;
    readonly feedReaders: FeedReaders;
    readonly verifiedTokens: VerifiedTokens;
    readonly apiKeys: ApiKeys;
    readonly keys: Keys;
    readonly tokens: Tokens;
    readonly refreshTokens: RefreshTokens;
    readonly eventAggregator: EventAggregator;
    readonly delivery: Delivery;
    readonly audit: AuditContext;
    readonly databaseKind: DatabaseKind;
    readonly database: Pick<Database, 'pool' | 'control' | 'disk'>;
    readonly problemCounter: ProblemCounter;
    /** Tells whether the process has been told to stop; `/health/ready` reports it. */
    readonly isStopping: () => boolean;
    /** The path that the URLs of the service begin with; empty for the root. */
    readonly servicePath: string;
    /** Lists every route of the router, once the app is ready. Empty in a host app. */
    readonly listRoutes: () => readonly StoredRoute[];
    /**
     * Declares the access of a route that a vendor's plugin is about to add here, where `withAccess` would
     * hide its hooks from the other routes.
     */
    readonly declareAccess: (
      route: { readonly method: string; readonly url: string },
      access: DeclaredAccess,
    ) => void;
  }
}

export interface ScopeOptions {
  readonly parts: Parts;
  readonly operations: readonly Operation[];
  readonly problemCounter: ProblemCounter;
  /** Own problems by slug, which own routes can throw. */
  readonly ownProblems: OwnProblemTable | undefined;
  readonly vendors: Map<string, DeclaredAccess>;
  /** The path of the service in the app that registers it; empty for the root. */
  readonly path: string;
  /** The same with the prefix of that app: what the URLs of the service begin with. */
  readonly servicePath: string;
  /** True in a host app. */
  readonly isHosted: boolean;
  readonly inventory: RouteInventory | undefined;
  readonly isStopping: () => boolean;
  /** Own routes, which are added to those of the service. */
  readonly routes: FastifyPluginAsync | undefined;
  readonly maxEventLoopDelay: number | undefined;
}

/** Registers everything that is below the path of the service, in the order of the dependencies. */
export async function service(app: FastifyInstance, options: ScopeOptions): Promise<void> {
  const { parts, path, servicePath, isHosted, problemCounter, routes: ownRoutes } = options;
  const { config, secrets } = parts;
  decorate(app, options);
  app.addHook('onReady', () => prepareDatabase(app));
  for (const schema of sharedSchemas) app.addSchema(schema);
  await registerTelemetry(app, config);
  await app.register(isolation, { isHosted });
  await app.register(requestId);
  await app.register(problems, {
    publicUrl: config.publicUrl,
    problemCounter,
    own: options.ownProblems,
    recognise: databaseProblem,
    answersNotFound: !isHosted || path !== '',
  });
  await app.register(securityHeaders, config);
  await app.register(rateLimit, config);
  await app.register(pressure, { maxEventLoopDelay: options.maxEventLoopDelay });
  await app.register(json);
  await app.register(writeLimit, config);
  await app.register(idempotency, { secrets });
  await app.register(auditDenials);
  await app.register(jobs);
  await app.register(openapi, { path: servicePath, isHosted });
  await app.register(docs);
  await app.register(pages);
  await app.register(routes);
  if (ownRoutes !== undefined) await app.register(ownRoutes);
}

function decorate(app: FastifyInstance, options: ScopeOptions): void {
  const { parts, operations, problemCounter, vendors, inventory, isStopping } = options;
  const { database } = parts;
  app.decorate(serviceScope, true);
  app.decorate('config', parts.config);
  app.decorate('levels', parts.levels);
  app.decorate('operations', operations);
  app.decorate('accounts', parts.accounts);
  app.decorate('revocations', parts.revocations);
  app.decorate('feedReaders', parts.feedReaders);
  app.decorate('verifiedTokens', parts.verifiedTokens);
  app.decorate('apiKeys', parts.apiKeys);
  app.decorate('keys', parts.keys);
  app.decorate('tokens', parts.tokens);
  app.decorate('refreshTokens', parts.refreshTokens);
  app.decorate('eventAggregator', parts.eventAggregator);
  app.decorate('delivery', parts.delivery);
  app.decorate('audit', parts.audit);
  app.decorate('databaseKind', database.kind);
  app.decorate('database', { pool: database.pool, control: database.control, disk: database.disk });
  app.decorate('problemCounter', problemCounter);
  app.decorate('isStopping', isStopping);
  app.decorate('servicePath', options.servicePath);
  app.decorate('listRoutes', () => inventory?.list(app) ?? []);
  app.decorate('declareAccess', ({ method, url }, access) => vendors.set(`${method} ${url}`, access));
}
