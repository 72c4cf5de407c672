import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginCallback,
  FastifyPluginOptions,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify';
import { DeclarationError } from '../lib/declaration-error.ts';
import {
  authenticateOnly,
  type Factors,
  type GuardOptions,
  type GuardRule,
  requireAccess,
  ruleOf,
} from './guard.ts';
import type { AccessLevels, DeclaredAccess } from './levels.ts';
import type { Misspelt } from './misspellings.ts';

/**
 * The declared access of a route, with its guard. It is kept in the config of the route, where the boot check
 * finds it.
 */
export interface Declaration {
  readonly minimum: number | null;
  /** Seconds that may have passed since the sign-in; null where there is no limit. */
  readonly maxAge: number | null;
  /** Number of factors that the caller's session needs. */
  readonly factors: Factors;
  /** True where an API key is refused. */
  readonly session: boolean;
  readonly guard: preHandlerHookHandler | null;
  /** The options that Fastify reads afterwards: a later hook may have changed them. */
  readonly route: RouteOptions;
}

export const declaration = Symbol('access declaration');

declare module 'fastify' {
  interface FastifyContextConfig extends Misspelt {
    /** The access that a caller needs: `public`, the name of an access level, or its number. */
    access?: DeclaredAccess;
    /** Seconds that may have passed since the caller's password was verified (RFC 9470). */
    maxAge?: number;
    /** Number of factors that the caller's session needs (RFC 9470): 1 by default. */
    factors?: Factors;
    /** True for a route that needs a session: an API key is refused (`key-not-allowed`). */
    session?: boolean;
    /** For a public route that reads an access token when the request has one, with `readCaller`. */
    token?: 'optional';
    [declaration]?: Declaration;
  }
  interface FastifyInstance {
    /**
     * Makes the preHandler hook of a route that needs an access level:
     * `preHandler: app.requireAccess('user')`.
     *
     * @param minimum the name of a level, or its number
     * @throws {Error} when there is no such level
     */
    requireAccess(minimum: string | number, options?: GuardOptions): preHandlerHookHandler;
  }
}

const inheritedAccess = Symbol('access of all routes of a vendor plugin');

/** Registers a vendor's plugin and gives all of its routes one access. */
export function withAccess<Options extends FastifyPluginOptions>(
  access: DeclaredAccess,
  plugin: FastifyPluginAsync<Options> | FastifyPluginCallback<Options>,
): FastifyPluginAsync<Options> {
  return async (scope, options) => {
    scope.decorate(inheritedAccess, { access });
    // The scope has the prefix of the options already.
    await scope.register(plugin, { ...options, prefix: '' });
  };
}

/** Finds the access that a route declares: in its config, by its scope, or by its first hook. */
export function declaredAccess(instance: FastifyInstance, route: RouteOptions): DeclaredAccess | undefined {
  if (route.config?.access !== undefined) return route.config.access;
  if (instance.hasDecorator(inheritedAccess))
    return instance.getDecorator<{ access: DeclaredAccess }>(inheritedAccess).access;
  const [onRequest] = [route.onRequest ?? []].flat();
  if (onRequest === authenticateOnly) return 0;
  return ruleOf(hooksOf(route)[0])?.minimum;
}

/** Returns the preHandler hooks of a route as a list. */
export function hooksOf({ preHandler }: RouteOptions): preHandlerHookHandler[] {
  if (preHandler === undefined) return [];
  return Array.isArray(preHandler) ? preHandler : [preHandler];
}

/**
 * Resolves the declared access of a route to its conditions and a guard.
 *
 * @throws {DeclarationError} that names the route, when the declaration is not valid
 */
export function resolveAccess(
  route: RouteOptions,
  declared: DeclaredAccess,
  levels: AccessLevels,
): Omit<Declaration, 'route'> {
  const { method, url, config } = route;
  try {
    const minimum = toMinimum(declared, levels);
    if (minimum === null) {
      if (config?.factors !== undefined) throw new Error('a public route has no caller, and no factors');
      const session = config?.session === true;
      if (session && config?.token !== 'optional')
        throw new Error('a public route has no caller, and no session');
      return { minimum: null, maxAge: null, factors: 1, session, guard: null };
    }
    const guard = requireAccess(minimum, {
      maxAge: config?.maxAge,
      factors: config?.factors,
      session: config?.session,
    });
    return { ...conditionsOf([guard, ...hooksOf(route)]), guard };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeclarationError(`Access of ${method} ${url}: ${reason}`);
  }
}

/**
 * Refuses a route that asks for factors or a session and declares no access, before it can become public.
 *
 * @throws {DeclarationError} that names the route
 */
export function requireNoConditions({ method, url, config }: RouteOptions): void {
  if (config?.factors !== undefined)
    throw new DeclarationError(`${method} ${url} declares factors, but no access`);
  if (config?.session !== undefined)
    throw new DeclarationError(`${method} ${url} declares a session, but no access`);
}

/** Returns the conditions that all guards of a route have together: each of them runs. */
function conditionsOf(
  hooks: readonly preHandlerHookHandler[],
): Pick<Declaration, 'minimum' | 'maxAge' | 'factors' | 'session'> {
  const rules = hooks.map(ruleOf).filter((rule): rule is GuardRule => rule !== undefined);
  const maxAge = Math.min(...rules.map((rule) => rule.maxAge ?? Number.POSITIVE_INFINITY));
  return {
    minimum: Math.max(...rules.map((rule) => rule.minimum)),
    maxAge: Number.isFinite(maxAge) ? maxAge : null,
    factors: rules.some(({ factors }) => factors === 2) ? 2 : 1,
    session: rules.some(({ session }) => session),
  };
}

function toMinimum(declared: DeclaredAccess, levels: AccessLevels): number | null {
  if (declared === 'public') return null;
  return typeof declared === 'number' ? declared : levels.numberOf(declared);
}
