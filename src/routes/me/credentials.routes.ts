import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { codeMembers } from '../../accounts/authenticators/second-factor.ts';
import { requestEmailChange } from '../../accounts/credentials/email-change.ts';
import { changePassword } from '../../accounts/credentials/password-change.ts';
import { PasskeyAssertion } from '../../accounts/passkeys/credential.schemas.ts';
import { PasskeyRequestOptions } from '../../accounts/passkeys/schemas.ts';
import { AccessTokenAnswer } from '../../accounts/sessions/schemas.ts';
import { reauthenticate, reauthenticationOptions } from '../../accounts/sign-in/reauthentication.ts';
import { EmailAddress, NewPassword, PasswordInput } from '../../accounts/users/schemas.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import {
  AcceptedResponse,
  acceptedResponse,
  accessTokenAnswer,
  requireMail,
  TokenPairAnswer,
  tokenPair,
} from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';

export const Reauthentication = Type.Object(
  {
    password: Type.Optional(PasswordInput),
    ...codeMembers,
    passkey: Type.Optional(Ref(PasskeyAssertion)),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    description:
      'The password; for an account with a second factor, a passkey, or the password and a code. Of `code`, `recoveryCode` and `passkey` one at most.',
    examples: [{ password: 'correct horse battery staple' }],
  },
);

export const EmailChange = Type.Object({ email: EmailAddress }, { additionalProperties: false });

export const PasswordChange = (minLength: number) =>
  Type.Object(
    {
      currentPassword: Type.Optional({
        ...PasswordInput,
        description: 'the password of now; an account without one sends none',
      }),
      newPassword: NewPassword(minLength),
      endKeys: Type.Optional(
        Type.Boolean({
          default: true,
          description: 'false keeps the API keys of the account, which otherwise end too',
          examples: [true],
        }),
      ),
    },
    {
      additionalProperties: false,
      examples: [
        { currentPassword: 'correct horse battery staple', newPassword: 'another horse another battery' },
      ],
    },
  );

/** The credentials of the caller: proving them again, changing the password, and changing the address. */
const credentials: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/reauthenticate/options', {
    config: { access: 'guest', session: true, problems: ['passkey-not-found', 'passkeys-not-available'] },
    schema: {
      operationId: 'requestReauthenticationOptions',
      tags: ['Me'],
      summary: 'Get the options of a passkey that proves again who the caller is',
      description:
        'For `navigator.credentials.get()`. They list the passkeys of the account and are good in this session. Nothing is stored. The challenge is valid for 5 minutes and is used once.',
      response: { 200: Ref(PasskeyRequestOptions) },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return reauthenticationOptions(app.accounts, sessionActorOf(request));
    },
  });

  app.post('/reauthenticate', {
    config: {
      access: 'guest',
      session: true,
      problems: [
        'two-factors-required',
        'wrong-password',
        'wrong-code',
        'code-already-used',
        'passkey-not-accepted',
        'passkeys-not-available',
        'sign-in-method-off',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'renewAuthentication',
      tags: ['Me'],
      summary: 'Prove again who the caller is, for requests that need a recent sign-in or two factors',
      description:
        'The password renews the time of the sign-in. An account with a second factor needs a passkey that verifies its user, or the password and a code (a recovery code, another passkey) in one request; ' +
        'within 15 minutes of the sign-in a code or a passkey alone gives the session its second factor, and renews no time. Anything less is 401 `two-factors-required`. ' +
        'The token of the answer has what was proven.',
      body: Reauthentication,
      response: { 200: Ref(AccessTokenAnswer) },
    },
    handler: async (request, reply) => {
      const grant = await reauthenticate(app.accounts, sessionActorOf(request), request.body);
      return accessTokenAnswer(app, reply, grant);
    },
  });

  app.put('/password', {
    config: {
      access: 'guest',
      session: true,
      writeLimit: 'password',
      problems: [
        'two-factors-required',
        'recent-sign-in-required',
        'wrong-password',
        'sign-in-method-off',
        'same-origin-required',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'changePassword',
      tags: ['Me'],
      summary: 'Change the password: every other session ends, this one continues with a new pair of tokens',
      description:
        'The session of an account with a second factor must have two factors. An account without a password sets its first one without `currentPassword`, within 15 minutes of a sign-in.',
      body: PasswordChange(app.config.passwordMinLength),
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const actor = sessionActorOf(request);
      const grant = await changePassword(app.accounts, actor, request.body, RECENT_SIGN_IN_SECONDS);
      return tokenPair(app, reply, grant);
    },
  });

  app.put('/email', {
    config: {
      access: 'guest',
      session: true,
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
      await requestEmailChange(app.accounts, sessionActorOf(request), request.body, RECENT_SIGN_IN_SECONDS);
      return acceptedResponse(reply);
    },
  });
};

export default credentials;
