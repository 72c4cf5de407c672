import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Config } from '../../config/index.ts';

/** The default number of open connections: at 10 KB each, they take some 100 MB. */
const MAX_CONNECTIONS = 10_000;

/**
 * Files and connections of the process that are not those of clients: databases, logs, mail servers and files
 * that are read late.
 */
const RESERVED_FILES = 100;

/** Milliseconds between two log lines about refused connections. */
const LOG_INTERVAL_MS = 1_000;

/**
 * Limits the connections that unauthenticated callers can have open. Above `MAX_CONNECTIONS`, new connections
 * are closed at once, so that files are left for the open ones. (For the limit on requests of one connection,
 * see http-server.ts.)
 */
async function connections(app: FastifyInstance, { maxConnections }: Pick<Config, 'maxConnections'>) {
  const { server } = app;
  // After the last request of a connection, whose answer has `Connection: close`. A client that sends another
  // request has not waited for that answer.
  server.on('dropRequest', (_request, socket) => socket.destroy());
  const warn = warner(app);
  server.on('drop', () => warn('the limit of open connections is reached'));
  server.once('listening', () => {
    server.maxConnections = maxConnections ?? defaultMaxConnections(openFilesLimit());
    // There is no other listener: an error of the system about a connection would otherwise end the process.
    server.on('error', ({ message }) => warn(message));
  });
}

/** Makes a function that logs why connections are refused, at most one line a second. */
function warner({ log }: FastifyInstance): (reason: string) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return (reason) => {
    const now = performance.now();
    if (now - loggedAt < LOG_INTERVAL_MS) {
      leftOut++;
      return;
    }
    log.warn({ reason, ...(leftOut > 0 && { leftOut }) }, 'A connection was refused');
    loggedAt = now;
    leftOut = 0;
  };
}

/**
 * Computes the default number of open connections.
 *
 * @param openFiles that the process may have; undefined when there is no limit
 */
export function defaultMaxConnections(openFiles: number | undefined): number {
  if (openFiles === undefined) return MAX_CONNECTIONS;
  return Math.min(MAX_CONNECTIONS, Math.max(openFiles - RESERVED_FILES, Math.ceil(openFiles / 2)));
}

/** Reads the limit of `ulimit -n`; undefined for no limit, and on Windows, which has none. */
function openFilesLimit(): number | undefined {
  const { report } = process;
  if (report === undefined) return undefined;
  const { excludeNetwork } = Object(report);
  // Without this, the report resolves the names of all addresses. The types of Node.js do not know it.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = Object(report.getReport());
  Object.assign(report, { excludeNetwork });
  const limit: unknown = userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : undefined;
}

export default fp(connections, { name: 'connections', fastify: '5.x' });
