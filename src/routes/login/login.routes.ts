import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { TokenPair } from '../../accounts/sessions/schemas.ts';
import { openSession } from '../../accounts/sessions/sessions.ts';
import { signIn } from '../../accounts/sign-in/sign-in.ts';
import { AssignableAccess, EmailInput, PasswordInput } from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { tokenPair } from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';

export const Credentials = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      email: EmailInput,
      password: PasswordInput,
      access: Type.Optional({
        ...AssignableAccess(levels),
        description: 'the access level of the tokens, when it is lower than that of the user',
      }),
    },
    { additionalProperties: false },
  );

const login: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'public', problems: ['invalid-credentials', 'too-many-attempts'] },
    schema: {
      operationId: 'signIn',
      tags: ['Sign-in'],
      summary: 'Sign in: open a session and get its tokens',
      body: Credentials(app.levels.all),
      response: { 200: Ref(TokenPair) },
    },
    handler: async (request, reply) => {
      const requestContext = requestContextOf(request);
      const user = await signIn(app.accounts, request.body, requestContext);
      const grant = await openSession(app.accounts, user, requestContext, request.body.access);
      return tokenPair(app, reply, grant);
    },
  });
};

export default login;
