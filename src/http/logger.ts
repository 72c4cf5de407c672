import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import pino, { type DestinationStream } from 'pino';
import type { Config } from '../config/index.ts';
import { LazyLog } from './request-log.ts';
import { standardOutput } from './standard-output.ts';

/**
 * Describes a request for the log. The URL has no query, because some clients put tokens and passwords there
 * by mistake (RFC 6750 section 5.3).
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

/**
 * Opens the log of the service. Writing a line never waits for the reader: lines that the reader does not
 * accept are dropped and counted.
 */
export async function openLog(config: Pick<Config, 'production' | 'logLevel'>): Promise<FastifyBaseLogger> {
  const output = standardOutput();
  const log = pino({ level: config.logLevel }, await openStream(config));
  output.reportWith((lines) => log.warn({ lines }, 'Log lines were dropped: the reader was too slow'));
  return Object.assign(new LazyLog(log, {}), { serializers: { req: describeRequest } });
}

/** Returns the number of log lines that were dropped since the process began. */
export function droppedLines(): number {
  return standardOutput().dropped;
}

/**
 * Opens the destination of the log: JSON lines on standard output, or readable lines in a terminal in
 * development.
 */
async function openStream({ production }: Pick<Config, 'production'>): Promise<DestinationStream> {
  const output = standardOutput();
  if (!process.stdout.isTTY || production) return output;
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });
  return { write: (line) => output.write(format(line)) };
}
