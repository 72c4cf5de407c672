import type { FastifyRequest } from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';

/**
 * The claims of the token that the guard accepted for a request. Only this module and the plugin use the
 * symbol.
 */
export const caller: unique symbol = Symbol('caller');

declare module 'fastify' {
  interface FastifyRequest {
    [caller]?: AccessTokenClaims | null;
  }
}

/**
 * Sets the claims for all code that runs after the guard.
 *
 * `user` is not decorated. An app may register @fastify/jwt for other tokens, which decorates `user`, and a
 * second decorator would make the boot fail. That plugin also writes to `user`, so this service never reads
 * it.
 */
export function setCaller(request: FastifyRequest, claims: AccessTokenClaims): void {
  request[caller] = claims;
  request.user = claims;
}

/** Returns the claims of the caller; undefined where the route needs no token or accepted none. */
export function findCallerClaims(request: FastifyRequest): AccessTokenClaims | undefined {
  return request[caller] ?? undefined;
}

/**
 * Returns the claims of a guarded request's caller.
 *
 * @throws {Error} on a public route, where there is no caller
 */
export function claimsOf(request: FastifyRequest): AccessTokenClaims {
  const claims = request[caller];
  if (!claims) throw new Error('A public route has no caller');
  return claims;
}
