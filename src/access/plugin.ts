import type { FastifyInstance, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import { DeclarationError } from '../lib/declaration-error.ts';
import { pathBehind } from '../lib/path-behind.ts';
import { identify, identity } from './authenticate.ts';
import { findUndeclared, findUnguarded, type Undeclared } from './boot-check.ts';
import { caller } from './caller.ts';
import {
  type Declaration,
  declaration,
  declaredAccess,
  hooksOf,
  requireNoConditions,
  resolveAccess,
} from './declaration.ts';
import { authenticateOnly, type Factors, rejectInvalid, requireAccess } from './guard.ts';
import { type GuardState, guardState } from './guard-state.ts';
import type { AccessLevels, DeclaredAccess } from './levels.ts';
import { refuseMisspelling } from './misspellings.ts';
import { type RouteInventory, seenRoutesOf } from './route-inventory.ts';

/** One operation of the API, as `GET /me/permissions` and the OpenAPI document list it. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** The path in the notation of OpenAPI: `/users/{id}`. */
  readonly path: string;
  /** The access level that it needs; null when it is public. */
  readonly minimum: number | null;
  /** Seconds that may have passed since the sign-in; null where there is no limit. */
  readonly maxAge: number | null;
  /** Number of factors that it needs. */
  readonly factors: Factors;
  /** True where it needs a session: API keys are refused. */
  readonly session: boolean;
  /** True where it asks for a recent sign-in or two factors, also where that depends on the body. */
  readonly stepUp: boolean;
}

export interface AccessOptions {
  readonly levels: AccessLevels;
  readonly state: GuardState;
  /** The list to which the operations of guarded and public routes are added. */
  readonly operations: Operation[];
  /** The routes of vendors' plugins that cannot declare their access, by method and URL. */
  readonly vendors: ReadonlyMap<string, DeclaredAccess>;
  /** The path below which the service is: the paths of its operations begin behind it. */
  readonly path: string;
  /** All routes of the router, where the server is Latchkey's own. Then every one of them is checked. */
  readonly inventory: RouteInventory | undefined;
  /** Says of a host's routes that declare nothing whether they stop the boot, or are public. */
  readonly undeclared: Undeclared;
  /** True to decorate the app with `authenticate`, where it has no decorator of this name. */
  readonly hasAuthenticate: boolean;
}

/** Routes that a refused boot names. */
const MAX_NAMED = 20;

/**
 * Guards every route by the access that it declares. The boot fails when a route declares nothing. A route
 * declares `config: { access }`, or has `requireAccess(minimum)` as its first preHandler hook, or
 * `app.authenticate` as its first onRequest hook.
 *
 * On the app itself, this decorates only `requireAccess` and, where the app has no decorator of this name,
 * `authenticate`.
 */
async function access(app: FastifyInstance, options: AccessOptions) {
  const { levels, state, operations, vendors, path, inventory, undeclared } = options;
  app.decorate(guardState, state);
  app.decorate('requireAccess', (minimum, guardOptions) =>
    requireAccess(typeof minimum === 'number' ? minimum : levels.numberOf(minimum), guardOptions),
  );
  if (options.hasAuthenticate && !app.hasDecorator('authenticate'))
    app.decorate('authenticate', authenticateOnly);
  app.decorateRequest(caller, null);
  app.decorateRequest(identity, null);
  const seen = seenRoutesOf(app);

  app.addHook('onRoute', function guardRoute(route) {
    refuseMisspelling(route);
    const declared = declaredAccess(this, route) ?? vendors.get(`${route.method} ${route.url}`);
    if (declared === undefined) {
      requireNoConditions(route);
      seen.add(route, undefined);
      return;
    }
    const own = { ...resolveAccess(route, declared, levels), route };
    const { guard } = own;
    if (guard !== null) {
      // A route that handles invalid requests itself gets them, but not before the guard.
      const rest = route.attachValidation ? hooksOf(route) : [rejectInvalid, ...hooksOf(route)];
      // New arrays, because Fastify makes the HEAD route from the same options and would find this guard in
      // them.
      route.onRequest = [identify(hasBody(route)), route.onRequest ?? []].flat();
      route.preHandler = [guard, ...rest];
      route.attachValidation = true;
    }
    route.config = { ...route.config, access: declared, [declaration]: own };
    seen.add(route, own);
    addOperation(operations, own, path);
  });

  app.addHook('onReady', async () => {
    const problems =
      inventory === undefined ? findUndeclared(app, seen, undeclared) : findUnguarded(inventory.list(app));
    if (problems.length > 0) throw new DeclarationError(describe(problems));
  });
}

/** Describes the routes that stop the boot: the first ones by name. */
function describe(problems: readonly string[]): string {
  const named = problems.slice(0, MAX_NAMED);
  const more = problems.length - named.length;
  const rest = more > 0 ? `; and ${more} more` : '';
  return `Some routes are not guarded correctly. ${named.join('; ')}${rest}`;
}

function addOperation(
  operations: Operation[],
  { route: { method, url, schema, config }, minimum, maxAge, factors, session }: Declaration,
  servicePath: string,
): void {
  const operationId = schema?.operationId;
  if (operationId === undefined || typeof method !== 'string' || method === 'HEAD') return;
  const path = pathBehind(servicePath, url);
  const pattern = path.replace(/:(\w+)/g, '{$1}');
  const stepUp =
    maxAge !== null || factors === 2 || config?.problems?.includes('recent-sign-in-required') === true;
  operations.push({ operationId, method, path: pattern, minimum, maxAge, factors, session, stepUp });
}

/** Tells whether Fastify reads the body of any of its methods. */
function hasBody({ method }: RouteOptions): boolean {
  return [method].flat().some((name) => name !== 'GET' && name !== 'HEAD');
}

export default fp(access, { name: 'latchkey-access', fastify: '5.x' });
