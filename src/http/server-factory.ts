import type { FastifyServerFactoryHandler } from 'fastify';
import { createHttpServer } from './http-server.ts';
import * as limits from './limits.ts';

/** One server, also for `HOST=localhost`: Fastify would make a second one there, which no limit and no drain of ours knows. */
export function serverFactory(handle: FastifyServerFactoryHandler) {
  const server = createHttpServer(handle, {
    // Two Authorization headers would otherwise be one, the first: RFC 6750 section 2 wants them refused.
    joinDuplicateHeaders: true,
    // A request without Host gets its problem from us, where Node would answer without a body.
    requireHostHeader: false,
    headersTimeout: limits.HEADERS_TIMEOUT_MS,
    requestTimeout: limits.REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: limits.CHECKING_INTERVAL_MS,
    keepAliveTimeout: limits.KEEP_ALIVE_TIMEOUT_MS,
  });
  server.maxRequestsPerSocket = limits.MAX_REQUESTS_PER_SOCKET;
  return server;
}
