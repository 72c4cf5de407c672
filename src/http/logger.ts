import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import pino, { type DestinationStream } from 'pino';
import type { Config } from '../config/index.ts';
import { LazyLog } from './request-log.ts';
import { standardOutput } from './standard-output.ts';

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

/** Opens the log of the service. No line of it waits for its reader: those that a reader does not take are dropped, and counted. */
export async function openLog(config: Pick<Config, 'production' | 'logLevel'>): Promise<FastifyBaseLogger> {
  const output = standardOutput();
  const log = pino({ level: config.logLevel }, await openStream(config));
  output.reportWith((lines) => log.warn({ lines }, 'Lines of the log were dropped: nobody read them'));
  return Object.assign(new LazyLog(log, {}), { serializers: { req: describeRequest } });
}

/** Lines of the log that were dropped since the process began. */
export function droppedLines(): number {
  return standardOutput().dropped;
}

/** Where the log goes: JSON lines on standard output, but for people in development, who see it in a terminal. */
async function openStream({ production }: Pick<Config, 'production'>): Promise<DestinationStream> {
  const output = standardOutput();
  if (!process.stdout.isTTY || production) return output;
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });
  return { write: (line) => output.write(format(line)) };
}
