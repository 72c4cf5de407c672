import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { requestEmailChange } from '../../accounts/credentials/email-change.ts';
import { changePassword } from '../../accounts/credentials/password-change.ts';
import { AccessTokenAnswer, TokenPair } from '../../accounts/sessions/schemas.ts';
import { renewAuthentication } from '../../accounts/sessions/sessions.ts';
import { verifyOwnPassword } from '../../accounts/sign-in/sign-in.ts';
import { EmailAddress, NewPassword, PasswordInput } from '../../accounts/users/schemas.ts';
import { actorOf } from '../../http/request-context.ts';
import {
  AcceptedResponse,
  acceptedResponse,
  accessTokenAnswer,
  requireMail,
  tokenPair,
} from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';

export const Reauthentication = Type.Object({ password: PasswordInput }, { additionalProperties: false });

export const EmailChange = Type.Object(
  { email: EmailAddress, password: PasswordInput },
  { additionalProperties: false },
);

export const PasswordChange = (minLength: number) =>
  Type.Object(
    { currentPassword: PasswordInput, newPassword: NewPassword(minLength) },
    { additionalProperties: false },
  );

/** The credentials of the caller: verifying the password again, changing it, and changing the address. */
const credentials: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/reauthenticate', {
    config: { access: 'guest', problems: ['wrong-password', 'too-many-attempts'] },
    schema: {
      operationId: 'renewAuthentication',
      tags: ['Me'],
      summary: 'Verify the password again, for requests that need a recent sign-in',
      body: Reauthentication,
      response: { 200: Ref(AccessTokenAnswer) },
    },
    handler: async (request, reply) => {
      const actor = actorOf(request);
      const verified = await verifyOwnPassword(app.accounts, actor, request.body.password);
      return accessTokenAnswer(app, reply, await renewAuthentication(app.accounts, actor, verified));
    },
  });

  app.put('/password', {
    config: { access: 'guest', writeLimit: 'password', problems: ['wrong-password', 'too-many-attempts'] },
    schema: {
      operationId: 'changePassword',
      tags: ['Me'],
      summary: 'Change the password: every other session ends, this one continues with a new pair of tokens',
      body: PasswordChange(app.config.passwordMinLength),
      response: { 200: Ref(TokenPair) },
    },
    handler: async (request, reply) =>
      tokenPair(app, reply, await changePassword(app.accounts, actorOf(request), request.body)),
  });

  app.put('/email', {
    config: {
      access: 'guest',
      idempotent: true,
      problems: ['wrong-password', 'too-many-attempts', 'mail-not-configured'],
    },
    schema: {
      operationId: 'requestEmailChange',
      tags: ['Me'],
      summary: 'Request a change of address: it takes effect when the new address is confirmed',
      description:
        'The answer is the same for addresses that have an account. The token in the mail is valid for a day and goes to `POST /email/verify`.',
      body: EmailChange,
      response: { 202: Ref(AcceptedResponse) },
    },
    handler: async (request, reply) => {
      requireMail(app.accounts);
      await requestEmailChange(app.accounts, actorOf(request), request.body);
      return acceptedResponse(reply);
    },
  });
};

export default credentials;
