import type { FastifyServerFactoryHandler } from 'fastify';
import { createHttpServer } from './http-server.ts';
import * as limits from './limits.ts';

/**
 * Makes one server, also for `HOST=localhost`: there Fastify would make a second one without the limits and
 * the graceful shutdown of this service.
 */
export function serverFactory(handle: FastifyServerFactoryHandler) {
  const server = createHttpServer(handle, {
    // Without this, only the first of two Authorization headers is used: RFC 6750 section 2 requires that
    // both are refused.
    joinDuplicateHeaders: true,
    // A request without Host gets its problem from this service; Node.js would answer without a body.
    requireHostHeader: false,
    headersTimeout: limits.HEADERS_TIMEOUT_MS,
    requestTimeout: limits.REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: limits.CHECKING_INTERVAL_MS,
    keepAliveTimeout: limits.KEEP_ALIVE_TIMEOUT_MS,
  });
  server.maxRequestsPerSocket = limits.MAX_REQUESTS_PER_SOCKET;
  return server;
}
