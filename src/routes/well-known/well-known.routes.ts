import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { requirePasskeys } from '../../accounts/passkeys/relying-party.ts';
import { authorizationServerMetadata, protectedResourceMetadata } from '../../http/oauth-metadata.ts';
import { toJwk } from '../../tokens/keys.ts';
import { AuthorizationServer, KeySet, ProtectedResource, RelatedOrigins } from './well-known.schemas.ts';

/**
 * Seconds for which clients may cache the keys: a rotation waits this long between publishing a key and
 * signing with it.
 */
const KEY_SET_MAX_AGE_SECONDS = 600;

const wellKnown: FastifyPluginAsyncTypebox = async (app) => {
  const keySet = { keys: app.keys.verification.map(toJwk) };

  app.get('/jwks.json', {
    config: { access: 'public' },
    schema: {
      operationId: 'getKeySet',
      tags: ['Service'],
      summary: 'The public keys that verify access tokens',
      response: { 200: KeySet },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${KEY_SET_MAX_AGE_SECONDS}`);
      return keySet;
    },
  });

  const authorizationServer = authorizationServerMetadata(app.config);
  app.get('/oauth-authorization-server', {
    config: { access: 'public' },
    schema: {
      operationId: 'getAuthorizationServer',
      tags: ['Service'],
      summary: 'The metadata of the authorization server (RFC 8414)',
      response: { 200: AuthorizationServer },
    },
    handler: async () => authorizationServer,
  });

  const protectedResource = protectedResourceMetadata(app.config);
  app.get('/oauth-protected-resource', {
    config: { access: 'public' },
    schema: {
      operationId: 'getProtectedResource',
      tags: ['Service'],
      summary: 'The metadata of the API as a protected resource (RFC 9728)',
      response: { 200: ProtectedResource },
    },
    handler: async () => protectedResource,
  });

  app.get('/webauthn', {
    config: { access: 'public', problems: ['passkeys-not-available'] },
    schema: {
      operationId: 'getRelatedOrigins',
      tags: ['Service'],
      summary: 'The origins whose pages may use passkeys: PASSKEY_ORIGINS',
      description: 'Browsers read it at `https://RP_ID/.well-known/webauthn` for pages of another domain.',
      response: { 200: RelatedOrigins },
    },
    handler: async () => ({
      origins: requirePasskeys(app.accounts).origins.filter((origin) => origin.startsWith('http')),
    }),
  });
};

export default wellKnown;
