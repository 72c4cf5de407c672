import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { resetAuthenticators } from '../../accounts/authenticators/reset.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { actorOf } from '../../http/request-context.ts';
import { NoContent } from '../../http/schemas.ts';
import { UserParams } from './users.schemas.ts';

/** The authenticators of others. */
const authenticators: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/:id/authenticators', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      problems: ['user-not-found', 'own-authenticators'],
    },
    schema: {
      operationId: 'resetAuthenticators',
      tags: ['Users'],
      summary: 'Remove the second factor of a user who has lost it, and end all sessions',
      description:
        'The authenticator app and the recovery codes go; the password stays, and a link that sets a new one is mailed. A user who has none of them stays as is. An admin who has a second factor needs a session with two factors. A user whose permanent or current level is above your permanent one is refused with `access-denied`.',
      params: UserParams,
      response: { 204: NoContent('Removed, or there was nothing to remove.') },
    },
    handler: async (request, reply) => {
      const key = { id: request.params.id.toLowerCase() };
      await resetAuthenticators(app.accounts, actorOf(request), key, RECENT_SIGN_IN_SECONDS);
      reply.code(204);
      return null;
    },
  });
};

export default authenticators;
