import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import pino, { type DestinationStream } from 'pino';
import type { Config } from '../config.ts';
import { LazyLog } from './request-log.ts';

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

/** Opens the log of the service. */
export async function openLog(config: Pick<Config, 'production' | 'logLevel'>): Promise<FastifyBaseLogger> {
  const log = pino({ level: config.logLevel }, await openStream(config));
  return Object.assign(new LazyLog(log, {}), { serializers: { req: describeRequest } });
}

/** Where the log goes: JSON lines on standard output, but for people in development, who see it in a terminal. */
async function openStream({ production }: Pick<Config, 'production'>): Promise<DestinationStream> {
  if (process.stdout.isTTY && !production) {
    const { PinoPretty } = await import('pino-pretty');
    return PinoPretty({
      destination: 1,
      sync: true,
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: 'pid,hostname',
    });
  }
  // pino's default keeps lines for later, and tries for ever to write them at exit when nobody reads them any more.
  return pino.destination({ dest: 1, sync: true });
}
