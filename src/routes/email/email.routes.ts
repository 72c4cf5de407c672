import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { stopEmailChange } from '../../accounts/credentials/email-change-stop.ts';
import { verifyEmail } from '../../accounts/credentials/email-verification.ts';
import { GivenMailToken, PasswordInput, User } from '../../accounts/users/schemas.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { NoContent, Ref } from '../../http/schemas.ts';

export const Verification = Type.Object(
  {
    token: GivenMailToken,
    password: Type.Optional({
      ...PasswordInput,
      description: 'the password that was registered with; a change of address needs none',
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        token: 'dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8',
        password: 'correct horse battery staple',
      },
    ],
  },
);

export const Stop = Type.Object({ token: GivenMailToken }, { additionalProperties: false });

const email: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/verify', {
    config: {
      access: 'public',
      problems: [
        'mail-token-invalid',
        'wrong-password',
        'too-many-attempts',
        'email-taken',
        'registration-closed',
      ],
    },
    schema: {
      operationId: 'verifyEmail',
      tags: ['Sign-in'],
      summary: 'Confirm an address, with the token of the mail, and for a registration its password',
      description:
        'Completes a registration, or a change of address. A registration needs the password that was registered with: ' +
        'a person who registers with the address of another person gains nothing when its owner follows the link.',
      body: Verification,
      response: { 200: Ref(User) },
    },
    handler: async (request) =>
      verifyEmail(app.accounts, request.body, {
        requestContext: requestContextOf(request),
        registrationIsOpen: app.config.registration === 'open',
      }),
  });

  app.post('/stop', {
    config: { access: 'public', problems: ['mail-token-invalid', 'too-many-attempts', 'email-taken'] },
    schema: {
      operationId: 'stopEmailChange',
      tags: ['Sign-in'],
      summary: 'Stop a change of address, with the token that the address of before got: every session ends',
      description:
        'The token is valid for three days. If the address has changed by then, the account gets the one of before back. ' +
        '`email-taken` says that it could not, because another account has that address: the sessions have ended all the same.',
      body: Stop,
      response: { 204: NoContent('Stopped. Set a new password.') },
    },
    handler: async (request, reply) => {
      await stopEmailChange(app.accounts, request.body, requestContextOf(request));
      reply.code(204);
      return null;
    },
  });
};

export default email;
