import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { endApiKey } from '../../accounts/api-keys/end.ts';
import { listApiKeys } from '../../accounts/api-keys/keys.ts';
import { ApiKeyList, OwnedApiKeyParams } from '../../http/api-keys.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { NoContent } from '../../http/schemas.ts';
import { UserParams } from './users.schemas.ts';

/** The API keys of others: what they are, and taking one away. */
const apiKeys: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/:id/api-keys', {
    config: { access: 'admin', session: true, problems: ['user-not-found'] },
    schema: {
      operationId: 'listUserApiKeys',
      tags: ['API keys'],
      summary: 'The API keys of a user',
      params: UserParams,
      response: { 200: ApiKeyList },
    },
    handler: async (request) => ({ apiKeys: await listApiKeys(app.accounts, request.params.id) }),
  });

  app.delete('/:id/api-keys/:keyId', {
    config: { access: 'admin', session: true, problems: ['api-key-not-found'] },
    schema: {
      operationId: 'endUserApiKey',
      tags: ['API keys'],
      summary: 'Take an API key away from a user, who is told by mail',
      description:
        'Keys of service accounts end at `DELETE /service-accounts/{id}/api-keys/{keyId}`. A user whose permanent or current level is above your permanent one is refused with `access-denied`.',
      params: OwnedApiKeyParams,
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      const { id, keyId } = request.params;
      // The keys of service accounts ask for a recent sign-in: routes/service-accounts.
      await endApiKey(app.accounts, sessionActorOf(request), { id, kind: 'person' }, keyId);
      reply.code(204);
      return null;
    },
  });
};

export default apiKeys;
