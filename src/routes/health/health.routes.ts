import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
// TypeScript 7 sees what is added to FastifyInstance only where the module is named.
import type {} from 'fastify';
import { CLOCK_TOLERANCE, ping } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import { Health } from './health.schemas.ts';

const notReady = () => new Problem('not-ready', { headers: { 'retry-after': '1' } });

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
      summary: 'Whether the process can serve: the database answers, and what was revoked is known',
      response: { 200: Health },
    },
    handler: async () => {
      await ping(app.accounts.db);
      const { isTrusted, clockSkew } = app.revocations;
      if (!isTrusted || Math.abs(clockSkew) > CLOCK_TOLERANCE) throw notReady();
      return { status: 'ok' as const };
    },
  });
};

export default health;
