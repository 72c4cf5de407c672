import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
// TypeScript 7 finds the members that are added to FastifyInstance only where the module is named.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { CLOCK_TOLERANCE_MS } from '../../db/client.ts';
import { endsWithin } from '../../db/deadline.ts';
import { pingWithin } from '../../db/ping.ts';
import { Problem, retryLater } from '../../problems/problem.ts';

export const Health = Type.Object({ status: Type.Literal('ok') }, { description: 'The check succeeded.' });

/** Timeout of the database: less than the second for which Kubernetes waits for a probe. */
const PING_TIMEOUT_MS = 900;

const health: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/live', {
    config: { access: 'public', isHealthCheck: true },
    schema: {
      operationId: 'getLiveness',
      tags: ['Service'],
      summary: 'Whether the process runs',
      response: { 200: Health },
    },
    handler: async () => ({ status: 'ok' as const }),
  });

  app.get('/ready', {
    config: { access: 'public', isHealthCheck: true, problems: ['not-ready'] },
    schema: {
      operationId: 'getReadiness',
      tags: ['Service'],
      summary:
        'Whether the process can serve: the database answers and has room, the revocations are fresh, and no shutdown has begun',
      response: { 200: Health },
    },
    handler: async () => {
      requireRoom(app);
      const wasAsked = await refreshRevocations(app);
      const reason = findReason(app) ?? (wasAsked ? undefined : await pingDatabase(app));
      if (reason === undefined) return { status: 'ok' as const };
      throw retryLater('not-ready', 1, new Error(reason));
    },
  });
};

/**
 * Reads the revocations when they are stale: an idle process has not read them lately. When that fails, they
 * stay stale, and the process is not ready.
 *
 * @returns true when it asked the database
 */
async function refreshRevocations({ isStopping, revocations }: FastifyInstance): Promise<boolean> {
  if (isStopping() || revocations.isFresh) return false;
  await endsWithin(revocations.poll(), PING_TIMEOUT_MS).catch(() => false);
  return true;
}

/**
 * Checks that the database can store something.
 *
 * @throws {Problem} whose detail says why not: an operator sees it here first
 */
function requireRoom({ database: { disk } }: FastifyInstance): void {
  if (!disk.isFull) return;
  const detail =
    'The disk of the database is full: what writes is refused until there is room, what only reads is answered.';
  throw new Problem('not-ready', { detail, headers: { 'retry-after': '1' }, cause: new Error(detail) });
}

/** Returns the reason why the process should get no requests, for the log. */
function findReason({
  isStopping,
  revocations: { isFresh, clockSkew },
}: FastifyInstance): string | undefined {
  if (isStopping()) return 'the shutdown has begun';
  if (!isFresh) return 'the revocations are stale';
  if (Math.abs(clockSkew) > CLOCK_TOLERANCE_MS) return "its clock differs from the database's clock";
  return undefined;
}

/**
 * Pings the database. A slow database is still there: as long as it was read within the last two seconds, a
 * busy process stays ready.
 *
 * @throws when the database is unavailable
 */
async function pingDatabase({ database, revocations }: FastifyInstance): Promise<string | undefined> {
  const isThere = (await pingWithin(database.control, PING_TIMEOUT_MS)) || revocations.isFresh;
  return isThere ? undefined : 'the database does not answer';
}

export default health;
