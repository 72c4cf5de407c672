import type { FastifyRequest } from 'fastify';
import type { CallerClaims } from '../access/api-key-claims.ts';
import { findCallerClaims } from '../access/caller.ts';
import { clientAddress } from '../access/client-address.ts';
import { claimsOf, sessionOf } from '../access/guard.ts';
import type { Actor, SessionActor } from '../accounts/context.ts';
import type { RequestContext } from '../audit/event.ts';
import { isSameOrigin } from './same-origin.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for the routes that supervisors ask: they are always answered, and not counted. */
    isHealthCheck?: true;
    /**
     * True for the feed and for introspection, which services ask all the time: the rate limit does not count
     * a token that was accepted before and may do it, and answers are logged at `debug`.
     */
    isFeed?: true;
  }
}

/** Returns the caller of a guarded request as the actor of `accounts/`. */
export function actorOf(request: FastifyRequest): Actor {
  const claims = claimsOf(request);
  const actor = toActor(request, claims);
  return 'key' in claims ? { ...actor, keyId: claims.key } : { ...actor, sessionId: claims.sid };
}

/**
 * Returns the caller of a route that declares `session: true`.
 *
 * @throws {Problem} `key-not-allowed`, which the guard of such a route throws before
 */
export function sessionActorOf(request: FastifyRequest): SessionActor {
  const claims = sessionOf(request);
  return { ...toActor(request, claims), sessionId: claims.sid };
}

function toActor(request: FastifyRequest, { sub, access, gen }: CallerClaims) {
  return { userId: sub, access, generation: gen, requestContext: requestContextOf(request) };
}

/**
 * Returns the request context: IP address, user agent and id, whether it comes from a page of the same
 * origin, and the API key of the caller.
 */
export function requestContextOf(request: FastifyRequest): RequestContext {
  const claims = findCallerClaims(request);
  return {
    ip: clientAddress(request),
    userAgent: request.headers['user-agent'] ?? '',
    requestId: request.id,
    isSameOrigin: isSameOrigin(request),
    ...(claims !== undefined && 'key' in claims && { apiKeyId: claims.key }),
  };
}

/** Tells whether a request is a health check, which is always answered. */
export function isHealthCheck(request: FastifyRequest): boolean {
  // A URL that cannot be decoded has no route.
  return request.routeOptions?.config.isHealthCheck === true;
}
