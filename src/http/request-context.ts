import type { FastifyRequest } from 'fastify';
import { claimsOf } from '../access/guard.ts';
import type { Actor } from '../accounts/context.ts';
import type { RequestContext } from '../audit/event.ts';

/** Who makes a guarded request, as `accounts/` wants to know it. */
export function actorOf(request: FastifyRequest): Actor {
  const { sub, sid, access, gen } = claimsOf(request);
  return { userId: sub, sessionId: sid, access, generation: gen, requestContext: requestContextOf(request) };
}

/** Where a request comes from. */
export function requestContextOf(request: FastifyRequest): RequestContext {
  return { ip: request.ip, userAgent: request.headers['user-agent'] ?? '', requestId: request.id };
}

/** Whether a request led to a health check: those are always answered. What only begins like one is as any other. */
export function isHealthCheck(request: FastifyRequest): boolean {
  return request.url.startsWith('/health/') && request.routeOptions.url !== undefined;
}
