import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { verifyEmail } from '../../accounts/credentials/email-verification.ts';
import { GivenMailToken, PasswordInput, User } from '../../accounts/users/schemas.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { Ref } from '../../http/schemas.ts';

export const Verification = Type.Object(
  {
    token: GivenMailToken,
    password: {
      ...PasswordInput,
      description: 'the password that was registered with, or that of the account which changes its address',
    },
  },
  { additionalProperties: false },
);

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
      summary: 'Confirm an address, with the token of the mail and the password',
      description:
        'Completes a registration, or a change of address. The password is the one that was registered with, or that of the account: ' +
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
};

export default email;
