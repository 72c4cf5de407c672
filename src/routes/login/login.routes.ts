import { randomUUID } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { signIn } from '../../accounts/sign-in.ts';
import { reference } from '../../http/schemas.ts';
import { Credentials, TokenAnswer } from './login.schemas.ts';

const login: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(TokenAnswer);

  app.post('/', {
    config: { access: 'public', problems: ['invalid-credentials'] },
    schema: {
      operationId: 'signIn',
      tags: ['Sign-in'],
      summary: 'Sign in: get an access token',
      body: Credentials,
      response: { 200: reference(TokenAnswer) },
    },
    handler: async ({ body }, reply) => {
      const { id, access, generation } = await signIn(app.accounts, body);
      reply.header('cache-control', 'no-store');
      const authenticatedAt = Math.floor(Date.now() / 1000);
      const token = app.tokens.issue({
        userId: id,
        sessionId: randomUUID(),
        access,
        generation,
        authenticatedAt,
      });
      return { ...token, tokenType: 'Bearer' as const };
    },
  });
};

export default login;
