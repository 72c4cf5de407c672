import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
// TypeScript 7 sees what is added to FastifyInstance only where the module is named.
import type {} from 'fastify';
import { ping } from '../../db/client.ts';
import { Health } from './health.schemas.ts';

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
    config: { access: 'public' },
    schema: {
      operationId: 'getReadiness',
      tags: ['Service'],
      summary: 'Whether the process can serve: reads from the database',
      response: { 200: Health },
    },
    handler: async () => {
      await ping(app.accounts.db);
      return { status: 'ok' as const };
    },
  });
};

export default health;
