import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { listUserAuthenticators } from '../../accounts/authenticators/list.ts';
import { resetAuthenticators } from '../../accounts/authenticators/reset.ts';
import { Authenticators } from '../../accounts/authenticators/schemas.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { actorOf } from '../../http/request-context.ts';
import { NoContent, Ref } from '../../http/schemas.ts';
import { ABOVE_CALLER, UserParams } from './users.schemas.ts';

/** The authenticators of others. */
const authenticators: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/:id/authenticators', {
    config: { access: 'admin', session: true, problems: ['user-not-found'] },
    schema: {
      operationId: 'listUserAuthenticators',
      tags: ['Users'],
      summary: 'What a user signs in with; never a secret',
      description: 'A service account has none: it has API keys.',
      params: UserParams,
      response: { 200: Ref(Authenticators) },
    },
    handler: async (request) => listUserAuthenticators(app.accounts, request.params.id),
  });

  app.delete('/:id/authenticators', {
    config: {
      access: 'admin',
      session: true,
      maxAge: RECENT_SIGN_IN_SECONDS,
      problems: ['user-not-found', 'own-authenticators', 'last-authenticator'],
    },
    schema: {
      operationId: 'resetAuthenticators',
      tags: ['Users'],
      summary: 'Remove the second factor of a user who has lost it, and end all sessions',
      description: `The authenticator app, the passkeys and the recovery codes go; the password stays, and a service that takes passwords mails a link that sets a new one. If the user has none of them, nothing changes. A user who could not sign in afterwards, without a password and without a mail server, keeps them (409 last-authenticator). An admin who has a second factor needs a session with two factors. ${ABOVE_CALLER}`,
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
