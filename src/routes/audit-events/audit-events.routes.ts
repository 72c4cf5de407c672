import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { actions } from '../../audit/event.ts';
import { listEvents } from '../../audit/read.ts';
import { nextPage } from '../../http/pagination.ts';
import { NextPage } from '../../http/schemas.ts';
import { invalidQuery } from '../../problems/problem.ts';
import { EventPage, EventQuery } from './audit-events.schemas.ts';

const auditEvents: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', {
    config: { access: 'admin' },
    schema: {
      operationId: 'listAuditEvents',
      tags: ['Administration'],
      summary: 'What happened, newest first',
      description:
        'Denied requests and failed sign-ins are counted: many of them become a few events with a `count`.',
      querystring: EventQuery(actions),
      response: { 200: { ...EventPage, headers: { Link: NextPage } } },
    },
    handler: async (request, reply) => {
      const { actor, target, action, from, until } = request.query;
      const filter = {
        actor: actor?.toLowerCase(),
        target: target !== undefined && UUID.test(target) ? target.toLowerCase() : target,
        action,
        from: toDate('from', from),
        until: toDate('until', until),
      };
      const page = await listEvents(app.audit.db, filter, request.query);
      reply.header('cache-control', 'no-store');
      if (page.nextCursor !== null) reply.header('link', nextPage(request, page.nextCursor));
      return page;
    },
  });
};

/**
 * The pattern of ids, which are written in lower case. The kid of a key and the name of a level are searched
 * unchanged.
 */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Parses a time. A leap second fits the format (RFC 3339 section 5.7) and is not a time in JavaScript. */
function toDate(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw invalidQuery(name, 'format', 'is a time that does not exist');
}

export default auditEvents;
