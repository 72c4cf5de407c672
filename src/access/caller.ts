import type { FastifyRequest } from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';
import { type CallerClaims, isApiKey } from './api-key-claims.ts';
import { keyNotAllowed } from './challenges.ts';

/**
 * The claims of the token or the API key that the guard accepted for a request. Only this module and the
 * plugin use the symbol.
 */
export const caller: unique symbol = Symbol('caller');

declare module 'fastify' {
  interface FastifyRequest {
    [caller]?: CallerClaims | null;
  }
}

/**
 * Sets the claims for all code that runs after the guard.
 *
 * `user` is not decorated. An app may register @fastify/jwt for other tokens, which decorates `user`, and a
 * second decorator would make the boot fail. That plugin also writes to `user`, so this service never reads
 * it.
 */
export function setCaller(request: FastifyRequest, claims: CallerClaims): void {
  request[caller] = claims;
  request.user = claims;
}

/** Returns the claims of the caller; undefined where the route needs no token or accepted none. */
export function findCallerClaims(request: FastifyRequest): CallerClaims | undefined {
  return request[caller] ?? undefined;
}

/**
 * Returns the claims of a guarded request's caller: of an access token, or of an API key (`'key' in claims`).
 *
 * @throws {Error} on a public route, where there is no caller
 */
export function claimsOf(request: FastifyRequest): CallerClaims {
  const claims = request[caller];
  if (!claims) throw new Error('A public route has no caller');
  return claims;
}

/**
 * Returns the claims of the caller's session, on a route that declares `session: true`.
 *
 * @throws {Problem} `key-not-allowed` for an API key, which the guard of such a route has refused before
 */
export function sessionOf(request: FastifyRequest): AccessTokenClaims {
  const claims = claimsOf(request);
  if (isApiKey(claims)) throw keyNotAllowed();
  return claims;
}
