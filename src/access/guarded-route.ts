import type { FastifyReply, FastifyRequest, RouteGenericInterface, RouteOptions } from 'fastify';
import type { CallerClaims } from './api-key-claims.ts';
import { caller } from './caller.ts';
import type { DeclaredAccess } from './levels.ts';

/** A request of a route that needs a token: it has a caller. */
export type GuardedRequest<Route extends RouteGenericInterface = RouteGenericInterface> = Omit<
  FastifyRequest<Route>,
  'user'
> & { readonly user: CallerClaims };

/** The options of a route, with its access beside them, and a handler whose request has the caller. */
export interface GuardedRouteOptions<Access extends DeclaredAccess, Route extends RouteGenericInterface>
  extends Omit<RouteOptions, 'handler' | 'config'> {
  /** The name or the number of the level that the route needs. A public route has no caller. */
  readonly access: Access extends 'public' ? never : Access;
  readonly config?: Omit<NonNullable<RouteOptions['config']>, 'access'>;
  readonly handler: (request: GuardedRequest<Route>, reply: FastifyReply) => unknown;
}

/**
 * Makes the options of a route whose handler gets the caller: `request.user` has the claims of the token, and
 * TypeScript knows that it is there, because `access` is not `public`.
 *
 * @throws {TypeError} for a public route
 * @example
 * const handler = async ({ user }: GuardedRequest) => ({ hello: user.sub });
 * app.route(guarded({ method: 'GET', url: '/reports', access: 'user', handler }));
 */
export function guarded<
  Route extends RouteGenericInterface = RouteGenericInterface,
  const Access extends DeclaredAccess = DeclaredAccess,
>({ access, config, handler, ...options }: GuardedRouteOptions<Access, Route>): RouteOptions {
  if (access === 'public') throw new TypeError('guarded() is for routes that need a token');
  return {
    ...options,
    config: { ...config, access },
    handler: (request, reply) => {
      if (!isGuarded<Route>(request)) throw new Error('The guard did not run on a route that it guards');
      return handler(request, reply);
    },
  };
}

function isGuarded<Route extends RouteGenericInterface>(request: object): request is GuardedRequest<Route> {
  return caller in request && request[caller] !== null;
}
