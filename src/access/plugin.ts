import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginCallback,
  FastifyPluginOptions,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify';
import fp from 'fastify-plugin';
import { DeclarationError } from '../lib/declaration-error.ts';
import type { RevocationFeed } from '../tokens/revocations.ts';
import { identify, identity } from './authenticate.ts';
import { caller } from './caller.ts';
import { minimumOf, rejectInvalid, requireAccess } from './guard.ts';
import type { AccessLevels, DeclaredAccess } from './levels.ts';
import { refuseMisspelling } from './misspellings.ts';
import type { RouteInventory, StoredRoute } from './route-inventory.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** One operation of the API, as `GET /me/permissions` and the OpenAPI document list it. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** The path in the notation of OpenAPI: `/users/{id}`. */
  readonly path: string;
  /** The access level that it needs; null when it is public. */
  readonly minimum: number | null;
}

/**
 * The declared access of a route, with its guard. It is kept in the config of the route, where the boot check
 * finds it.
 */
export interface Declaration {
  readonly minimum: number | null;
  readonly guard: preHandlerHookHandler | null;
  /** The options that Fastify reads afterwards: a later hook may have changed them. */
  readonly route: RouteOptions;
}

export const declaration = Symbol('access declaration');

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The access that a caller needs: `public`, the name of an access level, or its number. */
    access?: DeclaredAccess;
    /** Seconds that may have passed since the caller's password was verified (RFC 9470). */
    maxAge?: number;
    /** For a public route that reads an access token when the request has one, with `readCaller`. */
    token?: 'optional';
    [declaration]?: Declaration;
  }
  interface FastifyInstance {
    readonly levels: AccessLevels;
    readonly operations: readonly Operation[];
    readonly revocations: RevocationFeed;
    readonly verifiedTokens: VerifiedTokens;
    /**
     * Lists every route of the router, once the app is ready, with the automatic HEAD routes and the routes
     * of vendor plugins.
     */
    listRoutes(): readonly StoredRoute[];
    /**
     * Declares the access of a route that a vendor's plugin is about to add here, where {@link withAccess}
     * would hide its hooks from the other routes.
     */
    declareAccess(route: { readonly method: string; readonly url: string }, access: DeclaredAccess): void;
  }
}

const inheritedAccess = Symbol('access of all routes of a vendor plugin');

export interface AccessOptions {
  readonly levels: AccessLevels;
  readonly inventory: RouteInventory;
  readonly revocations: RevocationFeed;
}

/**
 * Guards every route by the access that it declares. The boot fails when a route declares nothing. A route
 * declares `config: { access }`, or has `requireAccess(minimum)` as its first preHandler hook.
 */
async function access(app: FastifyInstance, { levels, inventory, revocations }: AccessOptions) {
  const operations: Operation[] = [];
  app.decorate('levels', levels);
  app.decorate('operations', operations);
  app.decorate('revocations', revocations);
  app.decorate('verifiedTokens', new VerifiedTokens());
  app.decorate('listRoutes', () => inventory.list(app));
  app.decorateRequest(caller, null);
  app.decorateRequest(identity, null);
  const vendors = new Map<string, DeclaredAccess>();
  app.decorate('declareAccess', ({ method, url }, access) => vendors.set(`${method} ${url}`, access));

  app.addHook('onRoute', function guardRoute(route) {
    refuseMisspelling(route);
    const declared = declaredAccess(this, route) ?? vendors.get(`${route.method} ${route.url}`);
    if (declared === undefined) return;
    const { minimum, guard } = resolveAccess(route, declared, levels);
    if (guard !== null) {
      // New arrays, because Fastify makes the HEAD route from the same options and would find this guard in
      // them.
      route.onRequest = [identify(hasBody(route)), route.onRequest ?? []].flat();
      route.preHandler = [guard, rejectInvalid, ...hooksOf(route)];
      route.attachValidation = true;
    }
    route.config = { ...route.config, access: declared, [declaration]: { minimum, guard, route } };
    const operationId = route.schema?.operationId;
    if (operationId !== undefined && typeof route.method === 'string' && route.method !== 'HEAD') {
      operations.push({
        operationId,
        method: route.method,
        path: route.url.replace(/:(\w+)/g, '{$1}'),
        minimum,
      });
    }
  });

  app.addHook('onReady', async () => {
    const found = app.listRoutes().flatMap(({ method, url, config, preHandlers }) => {
      const problem = findProblem(config[declaration], preHandlers);
      return problem === undefined ? [] : [{ method, url, problem }];
    });
    // Fastify adds a HEAD route to each GET route; it has the same problem.
    const isTwin = ({ method, url }: { method: string; url: string }) =>
      method === 'HEAD' && found.some((other) => other.method === 'GET' && other.url === url);
    const problems = found.filter((route) => !isTwin(route));
    if (problems.length === 0) return;
    const texts = problems.map(({ method, url, problem }) => `${method} ${url} ${problem}`);
    throw new DeclarationError(`Some routes are not guarded correctly. ${texts.join('; ')}`);
  });
}

/** Registers a vendor's plugin and gives all of its routes one access. */
export function withAccess<Options extends FastifyPluginOptions>(
  access: DeclaredAccess,
  plugin: FastifyPluginAsync<Options> | FastifyPluginCallback<Options>,
): FastifyPluginAsync<Options> {
  return async (scope, options) => {
    scope.decorate(inheritedAccess, { access });
    await scope.register(plugin, options);
  };
}

function declaredAccess(instance: FastifyInstance, route: RouteOptions): DeclaredAccess | undefined {
  if (route.config?.access !== undefined) return route.config.access;
  if (instance.hasDecorator(inheritedAccess))
    return instance.getDecorator<{ access: DeclaredAccess }>(inheritedAccess).access;
  return minimumOf(hooksOf(route)[0]);
}

function hooksOf({ preHandler }: RouteOptions): preHandlerHookHandler[] {
  if (preHandler === undefined) return [];
  return Array.isArray(preHandler) ? preHandler : [preHandler];
}

/** Tells whether Fastify reads the body of any of its methods. */
function hasBody({ method }: RouteOptions): boolean {
  return [method].flat().some((name) => name !== 'GET' && name !== 'HEAD');
}

/**
 * Resolves the declared access of a route to a minimum and a guard.
 *
 * @throws {DeclarationError} that names the route, when the declaration is not valid
 */
function resolveAccess(
  { method, url, config }: RouteOptions,
  declared: DeclaredAccess,
  levels: AccessLevels,
): Pick<Declaration, 'minimum' | 'guard'> {
  try {
    const minimum = toMinimum(declared, levels);
    return { minimum, guard: minimum === null ? null : requireAccess(minimum, { maxAge: config?.maxAge }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeclarationError(`Access of ${method} ${url}: ${reason}`);
  }
}

function toMinimum(declared: DeclaredAccess, levels: AccessLevels): number | null {
  if (declared === 'public') return null;
  return typeof declared === 'number' ? declared : levels.numberOf(declared);
}

/** Finds what is wrong with a route. The text ends a sentence that begins with the path. */
function findProblem(declared: Declaration | undefined, preHandlers: number): string | undefined {
  if (declared === undefined) {
    return "declares no access: add config: { access: 'public' | level } after the plugin access was registered";
  }
  const hooks = hooksOf(declared.route);
  if (preHandlers !== hooks.length) {
    return 'has a preHandler hook of its instance, which would run before the guard: make it a hook of the route';
  }
  if (declared.guard !== null && hooks[0] !== declared.guard) return 'has a preHandler hook before the guard';
  return undefined;
}

export default fp(access, { name: 'access', fastify: '5.x', dependencies: ['tokens'] });
