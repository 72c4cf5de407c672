import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { newAccountOptions } from '../../accounts/credentials/new-credential.ts';
import { registerAtOnce, requestRegistration } from '../../accounts/credentials/registration.ts';
import { PasskeyAttestation } from '../../accounts/passkeys/credential.schemas.ts';
import { PasskeyCreationOptions } from '../../accounts/passkeys/schemas.ts';
import { NewUser } from '../../accounts/users/new-user.schemas.ts';
import { EmailAddress, NewPassword, UserName } from '../../accounts/users/schemas.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { AcceptedResponse, acceptedResponse } from '../../http/responses.ts';
import { Location, Ref } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';

export const Registration = (passwordMinLength: number) =>
  Type.Object(
    {
      name: UserName,
      email: EmailAddress,
      password: Type.Optional(NewPassword(passwordMinLength)),
      passkey: Type.Optional(Ref(PasskeyAttestation)),
    },
    {
      additionalProperties: false,
      description: 'A name, an address, and either a password or a passkey.',
      examples: [
        { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' },
      ],
    },
  );

export const Applicant = Type.Object(
  { name: UserName, email: EmailAddress },
  { additionalProperties: false, description: 'The name and the address of the account to be.' },
);

const register: FastifyPluginAsyncTypebox = async (app) => {
  const requireOpen = () => {
    if (app.config.registration !== 'open') throw new Problem('registration-closed');
  };

  app.post('/', {
    config: {
      access: 'public',
      idempotent: true,
      problems: [
        'passkey-invalid',
        'passkeys-not-available',
        'passkey-exists',
        'email-taken',
        'registration-closed',
        'sign-in-method-off',
      ],
    },
    schema: {
      operationId: 'registerUser',
      tags: ['Sign-in'],
      summary: 'Register a user, with a password or a passkey',
      description:
        'With a mail server the answer is always 202: the mail says how to continue, or that the address already has an account. ' +
        'Without one the account is created at once (201), or the address is taken (409). ' +
        'A passkey answers the options of `POST /register/passkey/options`. With a mail server it signs no one in before it has confirmed the address; ' +
        'without one, its account has ten recovery codes in the answer, and no `Idempotency-Key` repeats it.',
      body: Registration(app.config.passwordMinLength),
      response: {
        201: { ...Ref(NewUser), headers: { Location: Location('the user') } },
        202: Ref(AcceptedResponse),
      },
    },
    handler: async (request, reply) => {
      const { body } = request;
      requireOpen();
      if (app.accounts.outbox.settings.hasServer) {
        await requestRegistration(app.accounts, body, requestContextOf(request));
        return acceptedResponse(reply);
      }
      const user = await registerAtOnce(app.accounts, body, requestContextOf(request));
      reply.code(201).header('location', `${app.config.publicUrl}/users/${user.id}`);
      if (user.recoveryCodes !== undefined) reply.header('cache-control', 'no-store');
      return user;
    },
  });

  app.post('/passkey/options', {
    config: { access: 'public', problems: ['passkeys-not-available', 'registration-closed'] },
    schema: {
      operationId: 'requestRegistrationPasskeyOptions',
      tags: ['Sign-in'],
      summary: 'Get the options of a passkey to register with',
      description:
        'For `navigator.credentials.create()`. The answer is the same whether the address has an account or not. Nothing is stored. ' +
        'The challenge is valid for 5 minutes and is used once.',
      body: Applicant,
      response: { 200: Ref(PasskeyCreationOptions) },
    },
    handler: async (request, reply) => {
      requireOpen();
      reply.header('cache-control', 'no-store');
      return newAccountOptions(app.accounts, request.body);
    },
  });
};

export default register;
