import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { codeMembers, hasCode } from '../../accounts/authenticators/second-factor.ts';
import { TokenPair } from '../../accounts/sessions/schemas.ts';
import { openSessionOrChallenge } from '../../accounts/sign-in/challenges.ts';
import { provideSecondFactor } from '../../accounts/sign-in/second-factor.ts';
import { signIn } from '../../accounts/sign-in/sign-in.ts';
import { AssignableAccess, EmailInput, PasswordInput } from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { tokenPair } from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';
import { invalidBody } from '../../problems/problem.ts';

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

export const SecondFactor = Type.Object(
  {
    challenge: Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'the `challenge` of the answer to `POST /login`',
      examples: ['Y2hhbGxlbmdlY2hhbGxlbmdlY2hhbGxlbmdlY2hhbGw'],
    }),
    ...codeMembers,
  },
  {
    additionalProperties: false,
    description: 'The challenge, and either a code or a recovery code.',
    examples: [{ challenge: 'Y2hhbGxlbmdlY2hhbGxlbmdlY2hhbGxlbmdlY2hhbGw', code: '492039' }],
  },
);

const login: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: {
      access: 'public',
      problems: ['invalid-credentials', 'second-factor-required', 'too-many-attempts'],
    },
    schema: {
      operationId: 'signIn',
      tags: ['Sign-in'],
      summary: 'Sign in: open a session and get its tokens',
      description:
        'For an account with a second factor, the right password is answered with 401 `second-factor-required`: its `challenge` goes to `POST /login/second-factor`.',
      body: Credentials(app.levels.all),
      response: { 200: Ref(TokenPair) },
    },
    handler: async (request, reply) => {
      const requestContext = requestContextOf(request);
      const user = await signIn(app.accounts, request.body, requestContext);
      const { access } = request.body;
      const grant = await openSessionOrChallenge(app.accounts, user, requestContext, access);
      return tokenPair(app, reply, grant);
    },
  });

  app.post('/second-factor', {
    config: {
      access: 'public',
      problems: ['challenge-invalid', 'wrong-code', 'code-already-used', 'too-many-attempts'],
    },
    schema: {
      operationId: 'provideSecondFactor',
      tags: ['Sign-in'],
      summary: 'Sign in with the second factor: open the session and get its tokens',
      description:
        'A challenge is valid for 5 minutes and for 5 codes, and opens one session. Every code is used once. Wrong codes count for the account: ' +
        'after five in a row each takes a longer wait, and after a hundred no code is accepted any more.',
      body: SecondFactor,
      response: { 200: Ref(TokenPair) },
    },
    handler: async (request, reply) => {
      const { body } = request;
      if (!hasCode(body)) throw invalidBody('/code', 'required', 'or recoveryCode is required');
      return tokenPair(app, reply, await provideSecondFactor(app.accounts, body, requestContextOf(request)));
    },
  });
};

export default login;
