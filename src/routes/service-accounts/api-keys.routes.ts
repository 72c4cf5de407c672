import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { createServiceApiKey } from '../../accounts/api-keys/create.ts';
import { endApiKey } from '../../accounts/api-keys/end.ts';
import { findApiKey, listApiKeys } from '../../accounts/api-keys/keys.ts';
import { ApiKey, ApiKeyBody, NewApiKey } from '../../accounts/api-keys/schemas.ts';
import { findServiceAccount } from '../../accounts/service-accounts/service-accounts.ts';
import { ApiKeyList, OwnedApiKeyParams, toWantedApiKey } from '../../http/api-keys.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { Location, NoContent, Ref } from '../../http/schemas.ts';
import { ServiceAccountParams } from './service-accounts.schemas.ts';

/** The API keys of service accounts. Making one is not idempotent: the key is shown once. */
const apiKeys: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/:id/api-keys', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      session: true,
      problems: ['service-account-not-found', 'too-many-api-keys'],
    },
    schema: {
      operationId: 'createServiceApiKey',
      tags: ['API keys'],
      summary: 'Make an API key of a service account: it is shown once',
      description:
        'The level is at most the permanent one of the service account, and your own. A key that lists an operation which asks for a recent sign-in may call it without one: making such a key needs a session with two factors. A key of the level of admins lists its operations, or `*`.',
      params: ServiceAccountParams,
      body: ApiKeyBody(app.levels.all),
      response: { 201: { ...Ref(NewApiKey), headers: { Location: Location('the API key') } } },
    },
    handler: async (request, reply) => {
      const wanted = toWantedApiKey(request.body, app.operations);
      const { id } = request.params;
      const made = await createServiceApiKey(
        app.accounts,
        sessionActorOf(request),
        id,
        wanted,
        RECENT_SIGN_IN_SECONDS,
      );
      reply.code(201).header('cache-control', 'no-store');
      reply.header(
        'location',
        `${app.config.publicUrl}/service-accounts/${id.toLowerCase()}/api-keys/${made.id}`,
      );
      return made;
    },
  });

  app.get('/:id/api-keys', {
    config: { access: 'admin', session: true, problems: ['service-account-not-found'] },
    schema: {
      operationId: 'listServiceApiKeys',
      tags: ['API keys'],
      summary: 'The API keys of a service account',
      params: ServiceAccountParams,
      response: { 200: ApiKeyList },
    },
    handler: async (request) => {
      const { id } = await findServiceAccount(app.accounts, request.params.id);
      return { apiKeys: await listApiKeys(app.accounts, id) };
    },
  });

  app.get('/:id/api-keys/:keyId', {
    config: {
      access: 'admin',
      session: true,
      problems: ['service-account-not-found', 'api-key-not-found'],
    },
    schema: {
      operationId: 'getServiceApiKey',
      tags: ['API keys'],
      summary: 'One API key of a service account',
      params: OwnedApiKeyParams,
      response: { 200: Ref(ApiKey) },
    },
    handler: async (request) => {
      const { id } = await findServiceAccount(app.accounts, request.params.id);
      return findApiKey(app.accounts, id, request.params.keyId);
    },
  });

  app.delete('/:id/api-keys/:keyId', {
    // Otherwise a stolen token could stop all programs that depend on these keys.
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      session: true,
      problems: ['api-key-not-found'],
    },
    schema: {
      operationId: 'endServiceApiKey',
      tags: ['API keys'],
      summary: 'End an API key of a service account: it is refused from then on',
      description:
        'A service account whose permanent or current level is above your permanent one is refused with `access-denied`.',
      params: OwnedApiKeyParams,
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      const { id, keyId } = request.params;
      await endApiKey(app.accounts, sessionActorOf(request), { id, kind: 'service' }, keyId);
      reply.code(204);
      return null;
    },
  });
};

export default apiKeys;
