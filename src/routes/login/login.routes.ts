import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { codeMembers, hasFactor } from '../../accounts/authenticators/second-factor.ts';
import { exampleAssertion, PasskeyAssertion } from '../../accounts/passkeys/credential.schemas.ts';
import { requestOptions } from '../../accounts/passkeys/options.ts';
import { PasskeyRequestOptions } from '../../accounts/passkeys/schemas.ts';
import { openSessionOrChallenge } from '../../accounts/sign-in/challenges.ts';
import { signInWithPasskey } from '../../accounts/sign-in/passkey.ts';
import { provideSecondFactor, secondFactorOptions } from '../../accounts/sign-in/second-factor.ts';
import { signIn } from '../../accounts/sign-in/sign-in.ts';
import { CappedAccess, EmailInput, PasswordInput } from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { signInAnswer, TokenPairAnswer } from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';
import { SessionKind, sessionOptionsOf } from '../../http/session-cookie.ts';
import { invalidBody } from '../../problems/problem.ts';

export const Credentials = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      email: EmailInput,
      password: PasswordInput,
      access: Type.Optional(CappedAccess(levels)),
      session: SessionKind,
    },
    { additionalProperties: false },
  );

export const PasskeySignIn = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      passkey: Ref(PasskeyAssertion),
      access: Type.Optional(CappedAccess(levels)),
      session: SessionKind,
    },
    { additionalProperties: false, examples: [{ passkey: exampleAssertion }] },
  );

const challengeMember = {
  challenge: Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'the `challenge` of the answer to `POST /login`',
    examples: ['Y2hhbGxlbmdlY2hhbGxlbmdlY2hhbGxlbmdlY2hhbGw'],
  }),
};

export const SecondFactorOptions = Type.Object(challengeMember, { additionalProperties: false });

export const SecondFactor = Type.Object(
  { ...challengeMember, ...codeMembers, passkey: Type.Optional(Ref(PasskeyAssertion)) },
  {
    additionalProperties: false,
    description: 'The challenge, and one of a code, a recovery code and a passkey.',
    examples: [{ challenge: 'Y2hhbGxlbmdlY2hhbGxlbmdlY2hhbGxlbmdlY2hhbGw', code: '492039' }],
  },
);

const login: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: {
      access: 'public',
      problems: [
        'invalid-credentials',
        'second-factor-required',
        'sign-in-method-off',
        'same-origin-required',
        'cookies-need-https',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'signIn',
      tags: ['Sign-in'],
      summary: 'Sign in: open a session and get its tokens',
      description:
        'For an account with a second factor, the right password is answered with 401 `second-factor-required`: its `challenge` goes to `POST /login/second-factor`. ' +
        'With `session: "cookie"`, the refresh token is in a cookie; a session that was in it ends.',
      body: Credentials(app.levels.all),
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const requestContext = requestContextOf(request);
      const options = sessionOptionsOf(request, request.body);
      const user = await signIn(app.accounts, request.body, requestContext);
      const grant = await openSessionOrChallenge(app.accounts, user, requestContext, options);
      return signInAnswer(app, request, reply, grant);
    },
  });

  app.post('/passkey/options', {
    config: { access: 'public', problems: ['passkeys-not-available'] },
    schema: {
      operationId: 'requestPasskeyOptions',
      tags: ['Sign-in'],
      summary: 'Get the options of a sign-in with a passkey',
      description:
        'For `navigator.credentials.get()`. They name no account: the browser lists the passkeys that it has for this site. Nothing is stored. The challenge is valid for 5 minutes and is used once.',
      response: { 200: Ref(PasskeyRequestOptions) },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return requestOptions(app.accounts, { name: 'sign-in' });
    },
  });

  app.post('/passkey', {
    config: {
      access: 'public',
      problems: [
        'passkey-not-accepted',
        'passkeys-not-available',
        'same-origin-required',
        'cookies-need-https',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'signInWithPasskey',
      tags: ['Sign-in'],
      summary: 'Sign in with a passkey: open a session with two factors and get its tokens',
      description:
        'The passkey says which account it is for, and has to verify its user. An account that is closed for passwords can still use it.',
      body: PasskeySignIn(app.levels.all),
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const { passkey } = request.body;
      const options = sessionOptionsOf(request, request.body);
      const grant = await signInWithPasskey(app.accounts, passkey, requestContextOf(request), options);
      return signInAnswer(app, request, reply, grant);
    },
  });

  app.post('/second-factor/options', {
    config: {
      access: 'public',
      problems: ['challenge-invalid', 'passkey-not-found', 'passkeys-not-available'],
    },
    schema: {
      operationId: 'requestSecondFactorOptions',
      tags: ['Sign-in'],
      summary: 'Get the options of a passkey as the second factor of a sign-in',
      description:
        'For `navigator.credentials.get()`. They list the passkeys of the account, and are good for this sign-in alone. Nothing is stored. The challenge in them is valid for 5 minutes and is used once.',
      body: SecondFactorOptions,
      response: { 200: Ref(PasskeyRequestOptions) },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return secondFactorOptions(app.accounts, request.body.challenge);
    },
  });

  app.post('/second-factor', {
    config: {
      access: 'public',
      problems: [
        'challenge-invalid',
        'wrong-code',
        'code-already-used',
        'passkey-not-accepted',
        'passkeys-not-available',
        'same-origin-required',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'provideSecondFactor',
      tags: ['Sign-in'],
      summary: 'Sign in with the second factor: open the session and get its tokens',
      description:
        'A challenge is valid for 5 minutes and for 5 codes or passkeys, and opens one session. Every code is used once. Wrong ones count for the account: ' +
        'after five in a row each takes a longer wait, and after a hundred no code is accepted any more. A valid passkey always is.',
      body: SecondFactor,
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const { body } = request;
      if (!hasFactor(body)) throw invalidBody('/code', 'required', 'recoveryCode or passkey is required');
      const grant = await provideSecondFactor(app.accounts, body, requestContextOf(request));
      return signInAnswer(app, request, reply, grant);
    },
  });
};

export default login;
