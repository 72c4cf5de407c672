import type { FastifyRequest } from 'fastify';
import pino, { type DestinationStream } from 'pino';
import type { Config } from '../config.ts';

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

/** Where the log goes: JSON lines on standard output, but for people in development, who see it in a terminal. */
export async function openLog({ production }: Pick<Config, 'production'>): Promise<DestinationStream> {
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
