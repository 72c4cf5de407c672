import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { endAllSessions, endUserSession } from '../../accounts/sessions/end-for-others.ts';
import { listUserSessions } from '../../accounts/sessions/list.ts';
import { Session } from '../../accounts/sessions/schemas.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { actorOf } from '../../http/request-context.ts';
import { NoContent, Ref } from '../../http/schemas.ts';
import { ABOVE_CALLER, UserParams } from './users.schemas.ts';

export const UserSessionParams = Type.Object({
  ...UserParams.properties,
  sessionId: Type.String({
    format: 'uuid',
    description: 'id of a session',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const UserSessions = Type.Object(
  { sessions: Type.Array(Ref(Session)) },
  { description: 'The active sessions of a user, newest first.' },
);

/** The sessions of others. */
const sessions: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/:id/sessions', {
    config: { access: 'admin', problems: ['user-not-found'] },
    schema: {
      operationId: 'listUserSessions',
      tags: ['Users'],
      summary: 'The sessions of a user',
      description: 'A service account has none. `current` is true for the session of the request alone.',
      params: UserParams,
      response: { 200: UserSessions },
    },
    handler: async (request) => {
      const actor = actorOf(request);
      const current = 'sessionId' in actor ? actor.sessionId : undefined;
      return { sessions: await listUserSessions(app.accounts, request.params.id, current) };
    },
  });

  // Otherwise a stolen token could sign out, again and again, the admins who want to stop the thief.
  app.delete('/:id/sessions', {
    config: { access: 'admin', maxAge: RECENT_SIGN_IN_SECONDS, problems: ['user-not-found'] },
    schema: {
      operationId: 'endUserSessions',
      tags: ['Users'],
      summary: 'End all sessions of a user',
      description: ABOVE_CALLER,
      params: UserParams,
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      await endAllSessions(app.accounts, actorOf(request), request.params.id);
      reply.code(204);
      return null;
    },
  });

  app.delete('/:id/sessions/:sessionId', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      problems: ['user-not-found', 'session-not-found'],
    },
    schema: {
      operationId: 'endUserSession',
      tags: ['Users'],
      summary: 'End one session of a user',
      description: ABOVE_CALLER,
      params: UserSessionParams,
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      const { id, sessionId } = request.params;
      await endUserSession(app.accounts, actorOf(request), id, sessionId);
      reply.code(204);
      return null;
    },
  });
};

export default sessions;
