import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { openSessionOrChallenge } from '../../accounts/sign-in/challenges.ts';
import { requestMailCode, verifyMailCode } from '../../accounts/sign-in/mail-code.ts';
import { CappedAccess, EmailAddress } from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { acceptedResponse, signInAnswer, TokenPairAnswer } from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';
import { SessionKind, sessionOptionsOf } from '../../http/session-cookie.ts';
import { MAIL_CODE_PATTERN } from '../../tokens/mail-codes.ts';
import { GivenFlow, MailCodeFlow } from './mail-code.schemas.ts';

export const MailCodeRequest = Type.Object({ email: EmailAddress }, { additionalProperties: false });

export const MailCodeSignIn = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      flow: GivenFlow,
      code: Type.String({
        pattern: MAIL_CODE_PATTERN,
        description: 'the 8 digits of the mail',
        examples: ['49203914'],
      }),
      access: Type.Optional(CappedAccess(levels)),
      session: SessionKind,
    },
    {
      additionalProperties: false,
      examples: [{ flow: 'Zmxvd2Zsb3dmbG93Zmxvd2Zsb3dmbG93Zmxvd2Zsb3c', code: '49203914' }],
    },
  );

const mailCode: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'public', problems: ['sign-in-method-off'] },
    schema: {
      operationId: 'requestMailCode',
      tags: ['Sign-in'],
      summary: 'Request a mail with a code to sign in',
      description:
        'The answer is the same for addresses without an account, and makes none. The code is valid for 10 minutes, and only with the `flow` of this answer. ' +
        'An address gets three of these mails an hour. Off unless `SIGN_IN_METHODS` has `email`.',
      body: MailCodeRequest,
      response: { 202: Ref(MailCodeFlow) },
    },
    handler: async (request, reply) => {
      const flow = await requestMailCode(app.accounts, request.body, requestContextOf(request));
      reply.header('cache-control', 'no-store');
      return { flow, ...acceptedResponse(reply) };
    },
  });

  app.post('/verify', {
    config: {
      access: 'public',
      problems: [
        'sign-in-method-off',
        'challenge-invalid',
        'wrong-code',
        'invalid-credentials',
        'second-factor-required',
        'same-origin-required',
        'cookies-need-https',
        'too-many-attempts',
      ],
    },
    schema: {
      operationId: 'signInWithMailCode',
      tags: ['Sign-in'],
      summary: 'Sign in with the code of the mail: open a session with one factor and get its tokens',
      description:
        'A flow takes 5 codes and opens one session. Wrong codes count for the account, together with wrong passwords. ' +
        'An account with a second factor is answered with 401 `second-factor-required`, as after a password.',
      body: MailCodeSignIn(app.levels.all),
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const requestContext = requestContextOf(request);
      const options = sessionOptionsOf(request, request.body);
      const user = await verifyMailCode(app.accounts, request.body, requestContext);
      const grant = await openSessionOrChallenge(app.accounts, user, requestContext, options);
      return signInAnswer(app, request, reply, grant);
    },
  });
};

export default mailCode;
