import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { claimsOf } from '../../access/guard.ts';
import { createOwnApiKey } from '../../accounts/api-keys/create.ts';
import { endApiKey } from '../../accounts/api-keys/end.ts';
import { findApiKey, listApiKeys } from '../../accounts/api-keys/keys.ts';
import { ApiKey, ApiKeyBody, NewApiKey } from '../../accounts/api-keys/schemas.ts';
import { ApiKeyList, ApiKeyParams, toWantedApiKey } from '../../http/api-keys.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { Location, NoContent, Ref } from '../../http/schemas.ts';

/** The API keys of the caller. Making one is not idempotent: the key is shown once. */
const apiKeys: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: {
      access: 'user',
      maxAge: RECENT_SIGN_IN_SECONDS,
      session: true,
      problems: ['too-many-api-keys'],
    },
    schema: {
      operationId: 'createApiKey',
      tags: ['API keys'],
      summary: 'Make an API key of the caller: it is shown once',
      description:
        'Send it as `Authorization: Bearer lk_…`, like an access token. Its level is at most your own: a demotion lowers it at once. It stays below the levels that ask for a second factor, and it ends with a new password and when an admin ends all your sessions. An account that has a second factor needs a session with two factors.',
      body: ApiKeyBody(app.levels.all),
      response: { 201: { ...Ref(NewApiKey), headers: { Location: Location('the API key') } } },
    },
    handler: async (request, reply) => {
      const wanted = toWantedApiKey(request.body, app.operations);
      const made = await createOwnApiKey(
        app.accounts,
        sessionActorOf(request),
        wanted,
        RECENT_SIGN_IN_SECONDS,
      );
      reply.code(201).header('cache-control', 'no-store');
      reply.header('location', `${app.config.publicUrl}/me/api-keys/${made.id}`);
      return made;
    },
  });

  app.get('/', {
    config: { access: 'guest', session: true },
    schema: {
      operationId: 'listApiKeys',
      tags: ['API keys'],
      summary: 'The API keys of the caller',
      response: { 200: ApiKeyList },
    },
    handler: async (request) => ({ apiKeys: await listApiKeys(app.accounts, claimsOf(request).sub) }),
  });

  app.get('/:id', {
    config: { access: 'guest', session: true, problems: ['api-key-not-found'] },
    schema: {
      operationId: 'getApiKey',
      tags: ['API keys'],
      summary: 'One API key of the caller',
      params: ApiKeyParams,
      response: { 200: Ref(ApiKey) },
    },
    handler: async (request) => findApiKey(app.accounts, claimsOf(request).sub, request.params.id),
  });

  app.delete('/:id', {
    config: { access: 'guest', session: true, writeLimit: 'sessions', problems: ['api-key-not-found'] },
    schema: {
      operationId: 'endApiKey',
      tags: ['API keys'],
      summary: 'End an API key of the caller: it is refused from then on',
      params: ApiKeyParams,
      response: { 204: NoContent('Ended.') },
    },
    handler: async (request, reply) => {
      const actor = sessionActorOf(request);
      await endApiKey(app.accounts, actor, { id: actor.userId }, request.params.id);
      reply.code(204);
      return null;
    },
  });
};

export default apiKeys;
