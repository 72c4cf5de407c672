import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Undeclared } from '../access/boot-check.ts';
import type { DeclaredAccess } from '../access/levels.ts';
import access, { type Operation } from '../access/plugin.ts';
import { ignoresTrailingSlash, type RouteInventory } from '../access/route-inventory.ts';
import { checkFirstAdmin } from '../accounts/invitations/first-admin.ts';
import { limitHashing } from '../accounts/passwords/hash.ts';
import type { Config } from '../config/index.ts';
import { databaseProblem } from '../http/database-problem.ts';
import {
  authorizationServerMetadata,
  issuerPath,
  protectedResourceMetadata,
} from '../http/oauth-metadata.ts';
import hostRoutes from '../http/plugins/host-routes.ts';
import { pathBelow } from '../lib/path-behind.ts';
import type { OwnProblemTable } from '../problems/own-problems.ts';
import { ProblemCounter } from '../problems/problem-counter.ts';
import { latchkeyOf } from './latchkey.ts';
import { openParts } from './parts.ts';
import { service } from './scope.ts';
import { scopeOfService } from './service-of.ts';

export interface ServiceOptions {
  readonly config: Config;
  /** The path below which the routes are; empty for the root. */
  readonly path: string;
  /** Milliseconds that the event loop may be late before requests are rejected. */
  readonly maxEventLoopDelay?: number | undefined;
  /** The parts that only Latchkey's own server has; undefined in a host app. */
  readonly server?: ServerParts;
  /** Own problems by slug. */
  readonly problems?: OwnProblemTable | undefined;
  /** Says of a host's routes that declare nothing whether they stop the boot, or are public. */
  readonly undeclared?: Undeclared;
  /** False to answer no well-known path outside the path of the service. */
  readonly wellKnown?: boolean;
  /** False to leave the app without `app.authenticate`. */
  readonly authenticate?: boolean;
}

/** The parts of a service that only Latchkey's own server has. */
export interface ServerParts {
  readonly inventory: RouteInventory;
  readonly problemCounter: ProblemCounter;
  readonly isStopping: () => boolean;
  /** Own routes, which are added to those of the service. */
  readonly routes: FastifyPluginAsync | undefined;
}

/**
 * Registers the service in an app: the guard on the app itself, and the routes in a scope of their own. The
 * hooks that run before listening migrate the database, record the access levels and create the first admin.
 * Closing the app closes the database.
 *
 * @throws {ConfigError} when ADMIN_EMAIL or ADMIN_PASSWORD breaks a rule, or the signing key is not a valid
 *   key
 * @throws {Error} from `ready()` and `listen()`: when a route declares no access, when the levels contradict
 *   the database, or when the database cannot be reached
 */
export async function registerService(app: FastifyInstance, options: ServiceOptions): Promise<void> {
  const { config, path, server, maxEventLoopDelay } = options;
  // A host may register the plugin in a scope that has a prefix of its own.
  const servicePath = pathBelow(app.prefix, path);
  checkFirstAdmin(config);
  limitHashing(config);
  const parts = await openParts(config, app.log);
  // Hooks of this kind run from the last to the first: the jobs end before.
  app.addHook('onClose', () => parts.database.close());
  const operations: Operation[] = [];
  const vendors = new Map<string, DeclaredAccess>();
  const { tokens, verifiedTokens, apiKeys, revocations, levels } = parts;
  await app.register(access, {
    levels,
    operations,
    vendors,
    path: servicePath,
    state: { tokens, verifiedTokens, apiKeys, revocations, recognise: databaseProblem },
    inventory: server?.inventory,
    undeclared: options.undeclared ?? 'refuse',
    hasAuthenticate: options.authenticate ?? true,
  });
  const problemCounter = server?.problemCounter ?? new ProblemCounter();
  const isHosted = server === undefined;
  const stopping = { hasBegun: false };
  let scope: FastifyInstance | undefined;
  if (isHosted) {
    await app.register(hostRoutes, { publicUrl: config.publicUrl, problemCounter });
    app.addHook('preClose', async () => {
      stopping.hasBegun = true;
    });
  }
  // Where slashes at the end of URLs are ignored, this is the URL of the home route.
  if (path !== '' && !ignoresTrailingSlash(app))
    app.get(path, { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
      reply.redirect(`${config.publicUrl}/`),
    );
  await app.register(
    async (child) => {
      scope = child;
      await service(child, {
        parts,
        operations,
        problemCounter,
        ownProblems: options.problems,
        vendors,
        path,
        servicePath,
        isHosted,
        inventory: server?.inventory,
        isStopping: server?.isStopping ?? (() => stopping.hasBegun),
        routes: server?.routes,
        maxEventLoopDelay,
      });
    },
    // With the slash, a wildcard route of a vendor's plugin is below the path: `/auth/*` and not `/auth*`.
    { prefix: path === '' ? '' : `${path}/` },
  );
  if (options.wellKnown ?? true) addRootMetadata(app, config);
  app.decorate(scopeOfService, scope);
  app.decorate('latchkey', latchkeyOf(app));
}

/**
 * Answers the well-known paths of an issuer with a path: they are at the root, with that path behind them
 * (RFC 8414 section 3.1, RFC 9728 section 3.1).
 */
function addRootMetadata(app: FastifyInstance, config: Config): void {
  const behind = issuerPath(config);
  if (behind === '') return;
  const documents = {
    'oauth-authorization-server': authorizationServerMetadata(config),
    'oauth-protected-resource': protectedResourceMetadata(config),
  };
  const options = { config: { access: 'public' as const }, schema: { hide: true } };
  for (const [name, document] of Object.entries(documents))
    app.get(`/.well-known/${name}${behind}`, options, async () => document);
}
