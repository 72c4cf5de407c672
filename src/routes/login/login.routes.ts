import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { TokenPair } from '../../accounts/sessions/schemas.ts';
import { openSession } from '../../accounts/sessions/sessions.ts';
import { signIn } from '../../accounts/sign-in/sign-in.ts';
import { originOf } from '../../http/request-context.ts';
import { tokenPair } from '../../http/responses.ts';
import { reference } from '../../http/schemas.ts';
import { Credentials } from './login.schemas.ts';

const login: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'public', problems: ['invalid-credentials', 'too-many-tries'] },
    schema: {
      operationId: 'signIn',
      tags: ['Sign-in'],
      summary: 'Sign in: open a session and get its tokens',
      body: Credentials(app.levels.all),
      response: { 200: reference(TokenPair) },
    },
    handler: async (request, reply) => {
      const origin = originOf(request);
      const user = await signIn(app.accounts, request.body, origin);
      const grant = await openSession(app.accounts, user, origin, request.body.access);
      return tokenPair(app, reply, grant);
    },
  });
};

export default login;
