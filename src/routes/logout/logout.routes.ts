import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { claimsOf } from '../../access/guard.ts';
import { endSession } from '../../accounts/session-endings.ts';
import { actorOf } from '../../http/actor.ts';
import { Done } from '../../http/schemas.ts';

const logout: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'guest' },
    schema: {
      operationId: 'signOut',
      tags: ['Sign-in'],
      summary: 'Sign out: end this session',
      response: { 204: Done('Signed out.') },
    },
    handler: async (request, reply) => {
      await endSession(app.accounts, actorOf(request), claimsOf(request).sid);
      reply.code(204);
      return null;
    },
  });
};

export default logout;
