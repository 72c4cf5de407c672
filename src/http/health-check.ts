import type { FastifyRequest } from 'fastify';

/** Whether a request led to a health check: those are always answered. What only begins like one is as any other. */
export function isHealthCheck(request: FastifyRequest): boolean {
  return request.url.startsWith('/health/') && request.routeOptions.url !== undefined;
}
