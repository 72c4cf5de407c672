import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import pino from 'pino';
import type { Config } from '../config.ts';
import { LazyLog } from './request-log.ts';

/** Opens the log of the service: lines of JSON on standard output. */
export function openLog({ logLevel }: Pick<Config, 'logLevel'>): FastifyBaseLogger {
  // pino's default keeps lines for later, and tries for ever to write them at exit when nobody reads them any more.
  const stream = pino.destination({ dest: 1, sync: true });
  const log = pino({ level: logLevel }, stream);
  return Object.assign(new LazyLog(log, {}), { serializers: { req: describeRequest } });
}

/**
 * What the log says of a request. Its URL comes without the query, in which mistaken clients put tokens and passwords
 * (RFC 6750 section 5.3).
 */
export function describeRequest({ method, url, host, ip, socket }: FastifyRequest) {
  const { remotePort } = socket;
  return {
    method,
    url: url.split('?', 1)[0] ?? '',
    host,
    remoteAddress: ip,
    ...(remotePort !== undefined && { remotePort }),
  };
}
