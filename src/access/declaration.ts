import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginCallback,
  FastifyPluginOptions,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify';
import { DeclarationError } from '../lib/declaration-error.ts';
import { authenticateOnly, type GuardOptions, minimumOf, requireAccess } from './guard.ts';
import type { AccessLevels, DeclaredAccess } from './levels.ts';
import type { Misspelt } from './misspellings.ts';

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
  interface FastifyContextConfig extends Misspelt {
    /** The access that a caller needs: `public`, the name of an access level, or its number. */
    access?: DeclaredAccess;
    /** Seconds that may have passed since the caller's password was verified (RFC 9470). */
    maxAge?: number;
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
    await scope.register(plugin, options);
  };
}

/** Finds the access that a route declares: in its config, by its scope, or by its first hook. */
export function declaredAccess(instance: FastifyInstance, route: RouteOptions): DeclaredAccess | undefined {
  if (route.config?.access !== undefined) return route.config.access;
  if (instance.hasDecorator(inheritedAccess))
    return instance.getDecorator<{ access: DeclaredAccess }>(inheritedAccess).access;
  const [onRequest] = [route.onRequest ?? []].flat();
  if (onRequest === authenticateOnly) return 0;
  return minimumOf(hooksOf(route)[0]);
}

/** Returns the preHandler hooks of a route as a list. */
export function hooksOf({ preHandler }: RouteOptions): preHandlerHookHandler[] {
  if (preHandler === undefined) return [];
  return Array.isArray(preHandler) ? preHandler : [preHandler];
}

/**
 * Resolves the declared access of a route to a minimum and a guard.
 *
 * @throws {DeclarationError} that names the route, when the declaration is not valid
 */
export function resolveAccess(
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
