import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { claimsOf } from '../../access/guard.ts';
import { listActivity } from '../../audit/read.ts';
import { nextPage } from '../../http/pagination.ts';
import { NextPage } from '../../http/schemas.ts';
import { Activity, ActivityQuery } from './activity.schemas.ts';

/** The audit events of the caller. */
const activity: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', {
    config: { access: 'guest' },
    schema: {
      operationId: 'listActivity',
      tags: ['Me'],
      summary: 'What the caller did and what was done to the caller, newest first',
      description:
        'No data of other people is shown: their request context, names, addresses and reasons are null.',
      querystring: ActivityQuery,
      response: { 200: { ...Activity, headers: { Link: NextPage } } },
    },
    handler: async (request, reply) => {
      const page = await listActivity(app.audit.db, claimsOf(request).sub, request.query);
      reply.header('cache-control', 'no-store');
      if (page.nextCursor !== null) reply.header('link', nextPage(request, page.nextCursor));
      return page;
    },
  });
};

export default activity;
