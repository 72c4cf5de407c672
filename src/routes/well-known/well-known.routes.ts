import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { toJwk } from '../../tokens/keys.ts';
import { KeySet } from './well-known.schemas.ts';

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
};

export default wellKnown;
