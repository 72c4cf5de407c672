import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { claimsOf } from '../../access/guard.ts';
import { confirmTotp } from '../../accounts/authenticators/confirm-totp.ts';
import { enrolTotp } from '../../accounts/authenticators/enrol-totp.ts';
import { listAuthenticators } from '../../accounts/authenticators/list.ts';
import { removeTotp } from '../../accounts/authenticators/remove-totp.ts';
import { renewRecoveryCodes } from '../../accounts/authenticators/renew-recovery-codes.ts';
import {
  Authenticators,
  RecoveryCodes,
  TotpConfirmed,
  TotpEnrolment,
} from '../../accounts/authenticators/schemas.ts';
import { TOTP_CODE_PATTERN, totpIssuerOf } from '../../accounts/authenticators/totp.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { accessTokenAnswer, TokenPairAnswer, tokenPair } from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';
import { MAIL_CODE_PATTERN } from '../../tokens/mail-codes.ts';

export const TotpConfirmation = Type.Object(
  {
    code: Type.String({
      pattern: TOTP_CODE_PATTERN,
      description: 'the code that the authenticator app shows: 6 digits',
      examples: ['123456'],
    }),
    mailCode: Type.Optional(
      Type.String({
        pattern: MAIL_CODE_PATTERN,
        description:
          'the code that was mailed: 8 digits. Required when the answer of `POST /me/totp` said so, else not looked at',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Two factors are asked of an account that has a second factor. The handler knows; the guard does not. */
const recent = { access: 'guest', maxAge: RECENT_SIGN_IN_SECONDS, session: true } as const;

/** The authenticators of the caller. No request here is idempotent: what shows a secret shows it once. */
const authenticators: FastifyPluginAsyncTypebox = async (app) => {
  const options = { issuer: totpIssuerOf(app.config.publicUrl), maxAge: RECENT_SIGN_IN_SECONDS };

  app.get('/authenticators', {
    config: { access: 'guest', session: true },
    schema: {
      operationId: 'listAuthenticators',
      tags: ['Me'],
      summary: 'What the caller signs in with; never a secret',
      response: { 200: Ref(Authenticators) },
    },
    handler: async (request) => listAuthenticators(app.accounts, claimsOf(request).sub),
  });

  app.post('/totp', {
    config: { ...recent, problems: ['two-factors-required'] },
    schema: {
      operationId: 'requestTotp',
      tags: ['Me'],
      summary: 'Get a secret for an authenticator app: it is active once it is confirmed',
      description:
        'The secret is shown once, belongs to this session and is good for 10 minutes. It replaces one that is not confirmed yet; an active one stays until then. An account that has a second factor needs a session with two factors. Where a first second factor raises the access level, a code is mailed too.',
      response: { 200: Ref(TotpEnrolment) },
    },
    handler: async (request) => enrolTotp(app.accounts, sessionActorOf(request), options),
  });

  app.post('/totp/confirm', {
    config: { ...recent, problems: ['two-factors-required', 'wrong-code', 'totp-not-pending'] },
    schema: {
      operationId: 'confirmTotp',
      tags: ['Me'],
      summary: 'Confirm an authenticator app with its first code: the session has two factors from then on',
      description:
        'Go on with the access token of the answer. The code signs no user in afterwards. Five codes may be tried with one secret. The recovery codes are shown once.',
      body: TotpConfirmation,
      response: { 200: Ref(TotpConfirmed) },
    },
    handler: async (request, reply) => {
      const { grant, recoveryCodes } = await confirmTotp(
        app.accounts,
        sessionActorOf(request),
        request.body,
        options.maxAge,
      );
      return { ...accessTokenAnswer(app, reply, grant), recoveryCodes };
    },
  });

  app.delete('/totp', {
    config: { ...recent, problems: ['two-factors-required', 'totp-not-found', 'same-origin-required'] },
    schema: {
      operationId: 'deleteTotp',
      tags: ['Me'],
      summary: 'Remove the authenticator app',
      description:
        'Where it is the only second factor, the recovery codes go with it, every other session ends, and earlier tokens stop working: go on with the pair of the answer, which has one factor. An account that has a second factor needs a session with two factors.',
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) =>
      tokenPair(app, reply, await removeTotp(app.accounts, sessionActorOf(request), options.maxAge)),
  });

  app.post('/recovery-codes', {
    config: { ...recent, problems: ['two-factors-required', 'no-second-factor'] },
    schema: {
      operationId: 'renewRecoveryCodes',
      tags: ['Me'],
      summary: 'Get new recovery codes: those of before are void',
      description: 'They are shown once, and each is good for one sign-in.',
      response: { 200: Ref(RecoveryCodes) },
    },
    handler: async (request) => ({
      recoveryCodes: await renewRecoveryCodes(app.accounts, sessionActorOf(request), options.maxAge),
    }),
  });
};

export default authenticators;
