import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Config } from '../../config/index.ts';

/** Connections at a time, where nobody has said how many: at 10 KB each, they take some 100 MB. */
const MAX_CONNECTIONS = 10_000;

/** Files and connections that the process has open beside those of its clients: databases, logs, mail servers, and what is read late. */
const RESERVED_FILES = 100;

/** Milliseconds between two lines about connections that were not taken. */
const QUIET_MS = 1_000;

/**
 * Bounds what strangers can have open. Past `MAX_CONNECTIONS`, new connections are closed at once, so that there are files left for
 * those that are there. (How many requests one connection may have under way: http-server.ts.)
 */
async function connections(app: FastifyInstance, { maxConnections }: Pick<Config, 'maxConnections'>) {
  const { server } = app;
  // Past the last request of a connection, whose answer says so: who sends more has not waited for it.
  server.on('dropRequest', (_request, socket) => socket.destroy());
  const warn = warner(app);
  server.on('drop', () => warn('as many are open as may be'));
  server.once('listening', () => {
    server.maxConnections = maxConnections ?? defaultMaxConnections(openFilesLimit());
    // Nobody else listens: what the system says to a connection would otherwise end the process.
    server.on('error', ({ message }) => warn(message));
  });
}

/** Logs why connections are not taken, in a line a second at most. */
function warner({ log }: FastifyInstance): (reason: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return (reason) => {
    const now = performance.now();
    if (now - saidAt < QUIET_MS) {
      leftOut++;
      return;
    }
    log.warn({ reason, ...(leftOut > 0 && { leftOut }) }, 'A connection was not taken');
    saidAt = now;
    leftOut = 0;
  };
}

/** @param openFiles that the process may have; undefined when there is no limit */
export function defaultMaxConnections(openFiles: number | undefined): number {
  if (openFiles === undefined) return MAX_CONNECTIONS;
  return Math.min(MAX_CONNECTIONS, Math.max(openFiles - RESERVED_FILES, Math.ceil(openFiles / 2)));
}

/** What `ulimit -n` says; undefined for no limit, and on Windows, which has none. */
function openFilesLimit(): number | undefined {
  const { report } = process;
  if (report === undefined) return undefined;
  const { excludeNetwork } = Object(report);
  // Or it would ask for the names of all addresses. Node's types don't know it.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = Object(report.getReport());
  Object.assign(report, { excludeNetwork });
  const limit: unknown = userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : undefined;
}

export default fp(connections, { name: 'connections', fastify: '5.x' });
