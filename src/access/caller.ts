import type { FastifyRequest } from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';

/** Claims of the token by which a request was let in. Nobody else has the symbol. */
export const caller: unique symbol = Symbol('caller');

declare module 'fastify' {
  interface FastifyRequest {
    [caller]?: AccessTokenClaims | null;
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** The frozen claims of the caller's access token; undefined on public routes. See {@link claimsOf}. */
    user: AccessTokenClaims | undefined;
  }
}

/**
 * Makes the claims known to whatever runs after the guard.
 *
 * `user` is not decorated. An app may register @fastify/jwt for other tokens, which decorates it, and a
 * second decorator would refuse the boot. That plugin also writes to it. So we never read it.
 */
export function setCaller(request: FastifyRequest, claims: AccessTokenClaims): void {
  request[caller] = claims;
  request.user = claims;
}

/** The claims of the caller; undefined where no token was asked for, or none was accepted. */
export function findCallerClaims(request: FastifyRequest): AccessTokenClaims | undefined {
  return request[caller] ?? undefined;
}

/**
 * The claims of a guarded request's caller.
 *
 * @throws {Error} on a public route, where there is no caller
 */
export function claimsOf(request: FastifyRequest): AccessTokenClaims {
  const claims = request[caller];
  if (!claims) throw new Error('A public route has no caller');
  return claims;
}
