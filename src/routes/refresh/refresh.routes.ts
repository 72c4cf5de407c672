import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { invalidRefreshToken } from '../../access/challenges.ts';
import { isActive } from '../../accounts/sessions/active.ts';
import { refreshSession } from '../../accounts/sessions/sessions.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { TokenPairAnswer, tokenPair } from '../../http/responses.ts';
import { isSameOrigin } from '../../http/same-origin.ts';
import { clearSessionCookie, findRefreshToken } from '../../http/session-cookie.ts';
import { invalidBody } from '../../problems/problem.ts';

export const RefreshRequest = Type.Object(
  {
    refreshToken: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'the `refreshToken` of the last answer; left out by a page whose session is in a cookie',
        examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        refreshToken: '01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE',
      },
    ],
  },
);

const refresh: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: {
      access: 'public',
      sessionCookie: true,
      optionalBody: true,
      problems: ['invalid-refresh-token'],
    },
    schema: {
      operationId: 'refreshSession',
      tags: ['Sign-in'],
      summary: 'Exchange a refresh token for the next pair',
      description:
        'A refresh token is used once. Within 10 seconds it gets the same successor again, so two tabs may both send it: ' +
        'in the network of the first use, or once with the same user agent in another one. Otherwise, later, or when it is older, ' +
        'it counts as stolen and the session ends. ' +
        'A page of the same origin sends the cookie of its session in place of it, and gets the next one.',
      body: RefreshRequest,
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const given = findRefreshToken(request, request.body);
      // A page asks whether its browser has a session.
      if (given === undefined && isSameOrigin(request)) throw invalidRefreshToken();
      if (given === undefined)
        throw invalidBody('/refreshToken', 'required', 'is required: there is no cookie of the same origin');
      const token = app.refreshTokens.read(given.text);
      if (token === undefined) throw invalidRefreshToken();
      const { isInCookie } = given;
      try {
        const context = requestContextOf(request);
        return tokenPair(app, reply, await refreshSession(app.accounts, token, context, isInCookie));
      } catch (error) {
        if (isInCookie && !(await isActive(app.accounts, token.sessionId))) clearSessionCookie(reply);
        throw error;
      }
    },
  });
};

export default refresh;
