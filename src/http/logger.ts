import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import pino, { type DestinationStream } from 'pino';
import { clientAddress } from '../access/client-address.ts';
import type { Config } from '../config/index.ts';
import { LazyLog } from './request-log.ts';
import { standardOutput } from './standard-output.ts';
import { openTerminalFormat } from './terminal-log.ts';

/** UUIDs (RFC 9562 section 4). Parameters with other values may be secrets that a client sent by mistake. */
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The URL of a request that no route takes, in the log. */
const NO_ROUTE = '(no route)';

/** Describes a request in the log. */
export function describeRequest(request: FastifyRequest) {
  const { method, host, socket } = request;
  const { remotePort } = socket;
  return {
    method,
    url: describeUrl(request),
    host,
    remoteAddress: clientAddress(request),
    ...(remotePort !== undefined && { remotePort }),
  };
}

/**
 * The path of the route, with the ids of the request in it. Some clients put tokens and passwords into the
 * path or the query by mistake (RFC 6750 section 5.3). So the log has no other part of a URL.
 */
function describeUrl({ routeOptions, params }: FastifyRequest): string {
  // Requests whose URL cannot be decoded have no route options.
  const path = routeOptions?.url;
  if (path === undefined) return NO_ROUTE;
  const values = new Map<string, unknown>(Object.entries(params ?? {}));
  return path.replace(/:(\w+)/g, (parameter, name: string) => {
    const value = values.get(name);
    return typeof value === 'string' && UUID.test(value) ? value : parameter;
  });
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
  const format = await openTerminalFormat();
  return { write: (line) => output.write(format(line)) };
}
