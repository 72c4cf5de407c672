import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
// TypeScript 7 sees what is added to FastifyInstance only where the module is named.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { CLOCK_TOLERANCE_MS } from '../../db/client.ts';
import { pingWithin } from '../../db/ping.ts';
import { retryLater } from '../../problems/problem.ts';

export const Health = Type.Object({ status: Type.Literal('ok') }, { description: 'It is.' });

/** Milliseconds that the database has to answer: less than the second for which Kubernetes waits for a probe. */
const PATIENCE = 900;

const health: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/live', {
    config: { access: 'public' },
    schema: {
      operationId: 'getLiveness',
      tags: ['Service'],
      summary: 'Whether the process runs',
      response: { 200: Health },
    },
    handler: async () => ({ status: 'ok' as const }),
  });

  app.get('/ready', {
    config: { access: 'public', problems: ['not-ready'] },
    schema: {
      operationId: 'getReadiness',
      tags: ['Service'],
      summary:
        'Whether the process can serve: the database answers, what was revoked is known, and it is not about to stop',
      response: { 200: Health },
    },
    handler: async () => {
      const reason = findReason(app) ?? (await pingDatabase(app));
      if (reason === undefined) return { status: 'ok' as const };
      throw retryLater('not-ready', 1, new Error(reason));
    },
  });
};

/** Why the process should get no requests, for the log. */
function findReason({ drain, revocations: { isFresh, clockSkew } }: FastifyInstance): string | undefined {
  if (drain.hasBegun) return 'it is about to stop';
  if (!isFresh) return 'what was revoked is not known';
  if (Math.abs(clockSkew) > CLOCK_TOLERANCE_MS) return "its clock is not the database's";
  return undefined;
}

/**
 * A database that is late has not gone: as long as it was read within the last two seconds, whoever is busy stays ready.
 *
 * @throws when the database is away
 */
async function pingDatabase({ database, revocations }: FastifyInstance): Promise<string | undefined> {
  const isThere = (await pingWithin(database.control, PATIENCE)) || revocations.isFresh;
  return isThere ? undefined : 'the database does not answer';
}

export default health;
