import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { claimsOf } from '../access/guard.ts';
import type { Actor } from '../accounts/context.ts';
import type { RequestContext } from '../audit/event.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for the routes that supervisors ask: they are always answered, and not counted. */
    isHealthCheck?: true;
  }
}

/** Returns the caller of a guarded request as the actor of `accounts/`. */
export function actorOf(request: FastifyRequest): Actor {
  const { sub, sid, access, gen } = claimsOf(request);
  return { userId: sub, sessionId: sid, access, generation: gen, requestContext: requestContextOf(request) };
}

/** Returns the request context: IP address, user agent and id. */
export function requestContextOf(request: FastifyRequest): RequestContext {
  return {
    ip: clientAddress(request),
    userAgent: request.headers['user-agent'] ?? '',
    requestId: request.id,
  };
}

/**
 * Returns the IP address of the client. The entry of X-Forwarded-For behind the trusted proxies may be any
 * text: then the address is the one of the connection.
 */
export function clientAddress({ ip, socket }: FastifyRequest): string {
  return isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip;
}

/** Tells whether a request is a health check, which is always answered. */
export function isHealthCheck(request: FastifyRequest): boolean {
  // A URL that cannot be decoded has no route.
  return request.routeOptions?.config.isHealthCheck === true;
}
