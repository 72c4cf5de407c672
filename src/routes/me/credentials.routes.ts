import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { codeMembers } from '../../accounts/authenticators/second-factor.ts';
import { requestEmailChange } from '../../accounts/credentials/email-change.ts';
import { changePassword } from '../../accounts/credentials/password-change.ts';
import { AccessTokenAnswer, TokenPair } from '../../accounts/sessions/schemas.ts';
import { reauthenticate } from '../../accounts/sign-in/reauthentication.ts';
import { EmailAddress, NewPassword, PasswordInput } from '../../accounts/users/schemas.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { actorOf } from '../../http/request-context.ts';
import {
  AcceptedResponse,
  acceptedResponse,
  accessTokenAnswer,
  requireMail,
  tokenPair,
} from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';

export const Reauthentication = Type.Object(
  { password: Type.Optional(PasswordInput), ...codeMembers },
  {
    additionalProperties: false,
    minProperties: 1,
    description: 'The password; for an account with a second factor, the password and a code.',
    examples: [{ password: 'correct horse battery staple' }],
  },
);

export const EmailChange = Type.Object({ email: EmailAddress }, { additionalProperties: false });

export const PasswordChange = (minLength: number) =>
  Type.Object(
    { currentPassword: PasswordInput, newPassword: NewPassword(minLength) },
    { additionalProperties: false },
  );

/** The credentials of the caller: proving them again, changing the password, and changing the address. */
const credentials: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/reauthenticate', {
    config: {
      access: 'guest',
      problems: [
        'two-factors-required',
        'wrong-password',
        'wrong-code',
        'code-already-used',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'renewAuthentication',
      tags: ['Me'],
      summary: 'Prove again who the caller is, for requests that need a recent sign-in or two factors',
      description:
        'The password renews the time of the sign-in. An account with a second factor needs the password and a code (or a recovery code) in one request; ' +
        'within 15 minutes of the sign-in a code alone gives the session its second factor, and renews no time. Anything less is 401 `two-factors-required`. ' +
        'The token of the answer has what was proven.',
      body: Reauthentication,
      response: { 200: Ref(AccessTokenAnswer) },
    },
    handler: async (request, reply) => {
      const grant = await reauthenticate(app.accounts, actorOf(request), request.body);
      return accessTokenAnswer(app, reply, grant);
    },
  });

  app.put('/password', {
    config: {
      access: 'guest',
      writeLimit: 'password',
      problems: ['two-factors-required', 'wrong-password', 'too-many-attempts'],
    },
    schema: {
      operationId: 'changePassword',
      tags: ['Me'],
      summary: 'Change the password: every other session ends, this one continues with a new pair of tokens',
      description: 'The session of an account with a second factor must have two factors.',
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
      maxAge: RECENT_SIGN_IN_SECONDS,
      problems: ['two-factors-required', 'mail-not-configured'],
    },
    schema: {
      operationId: 'requestEmailChange',
      tags: ['Me'],
      summary: 'Request a change of address: it takes effect when the new address is confirmed',
      description:
        'The answer is the same for addresses that have an account. The token in the mail is valid for a day and goes to `POST /email/verify`. ' +
        'The present address gets a mail too, whose token stops the change at `POST /email/stop` for three days.',
      body: EmailChange,
      response: { 202: Ref(AcceptedResponse) },
    },
    handler: async (request, reply) => {
      requireMail(app.accounts);
      await requestEmailChange(app.accounts, actorOf(request), request.body, RECENT_SIGN_IN_SECONDS);
      return acceptedResponse(reply);
    },
  });
};

export default credentials;
