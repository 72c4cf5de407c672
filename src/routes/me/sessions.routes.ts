import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { sessionOf } from '../../access/guard.ts';
import { endOtherSessions, endSession } from '../../accounts/sessions/end.ts';
import { listSessions } from '../../accounts/sessions/list.ts';
import { Session } from '../../accounts/sessions/schemas.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { NoContent, Ref } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';

export const SessionParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of a session',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const Sessions = Type.Object(
  { sessions: Type.Array(Ref(Session)) },
  { description: "The caller's sessions, newest first." },
);

/** The sessions of the caller. */
const sessions: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', {
    config: { access: 'guest', session: true },
    schema: {
      operationId: 'listSessions',
      tags: ['Me'],
      summary: 'The sessions of the caller',
      response: { 200: Sessions },
    },
    handler: async (request) => {
      const { sub, sid } = sessionOf(request);
      return { sessions: await listSessions(app.accounts, sub, sid) };
    },
  });

  app.delete('/', {
    config: { access: 'guest', session: true, writeLimit: 'sessions' },
    schema: {
      operationId: 'endOtherSessions',
      tags: ['Me'],
      summary: 'End all sessions but this one',
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      await endOtherSessions(app.accounts, sessionActorOf(request));
      reply.code(204);
      return null;
    },
  });

  app.delete('/:id', {
    config: { access: 'guest', session: true, writeLimit: 'sessions', problems: ['session-not-found'] },
    schema: {
      operationId: 'endSession',
      tags: ['Me'],
      summary: 'End one session',
      params: SessionParams,
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      const ended = await endSession(app.accounts, sessionActorOf(request), request.params.id);
      if (!ended) throw new Problem('session-not-found');
      reply.code(204);
      return null;
    },
  });
};

export default sessions;
