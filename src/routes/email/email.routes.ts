import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { stopEmailChange } from '../../accounts/credentials/email-change-stop.ts';
import { verificationOptions, verifyEmail } from '../../accounts/credentials/email-verification.ts';
import { PasskeyAssertion } from '../../accounts/passkeys/credential.schemas.ts';
import { PasskeyRequestOptions } from '../../accounts/passkeys/schemas.ts';
import { NewUser } from '../../accounts/users/new-user.schemas.ts';
import { GivenMailToken, PasswordInput } from '../../accounts/users/schemas.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { NoContent, Ref } from '../../http/schemas.ts';

export const Verification = Type.Object(
  {
    token: GivenMailToken,
    password: Type.Optional({
      ...PasswordInput,
      description: 'the password that was registered with; a change of address needs none',
    }),
    passkey: Type.Optional(Ref(PasskeyAssertion)),
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

export const Token = Type.Object({ token: GivenMailToken }, { additionalProperties: false });

const email: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/verify', {
    config: {
      access: 'public',
      problems: [
        'mail-token-invalid',
        'wrong-password',
        'too-many-attempts',
        'passkey-not-accepted',
        'passkeys-not-available',
        'passkey-exists',
        'email-taken',
        'registration-closed',
        'sign-in-method-off',
      ],
    },
    schema: {
      operationId: 'verifyEmail',
      tags: ['Sign-in'],
      summary:
        'Confirm an address, with the token of the mail, and for a registration its password or passkey',
      description:
        'Completes a registration, or a change of address. A registration needs the password or the passkey that was registered with: ' +
        'a person who registers with the address of another person gains nothing when its owner follows the link. ' +
        'The passkey answers the options of `POST /email/verify/options`, and its account has ten recovery codes in the answer.',
      body: Verification,
      response: { 200: Ref(NewUser) },
    },
    handler: async (request, reply) => {
      const user = await verifyEmail(app.accounts, request.body, {
        requestContext: requestContextOf(request),
        registrationIsOpen: app.config.registration === 'open',
      });
      if (user.recoveryCodes !== undefined) reply.header('cache-control', 'no-store');
      return user;
    },
  });

  app.post('/verify/options', {
    config: {
      access: 'public',
      problems: ['mail-token-invalid', 'passkeys-not-available', 'too-many-attempts'],
    },
    schema: {
      operationId: 'requestVerificationPasskeyOptions',
      tags: ['Sign-in'],
      summary: 'Get the options of the passkey that completes a registration',
      description:
        'For `navigator.credentials.get()`, with the token of the mail. It stays valid. Tokens of other mails, and of registrations with a password, are not valid here.',
      body: Token,
      response: { 200: Ref(PasskeyRequestOptions) },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return verificationOptions(app.accounts, request.body.token, requestContextOf(request));
    },
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
      body: Token,
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
