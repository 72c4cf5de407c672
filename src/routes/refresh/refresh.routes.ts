import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { invalidRefreshToken } from '../../access/challenges.ts';
import { TokenPair } from '../../accounts/sessions/schemas.ts';
import { refreshSession } from '../../accounts/sessions/sessions.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { tokenPair } from '../../http/responses.ts';
import { Ref } from '../../http/schemas.ts';

export const RefreshRequest = Type.Object(
  {
    refreshToken: Type.String({
      maxLength: 256,
      description: 'the `refreshToken` of the last answer',
      examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
    }),
  },
  { additionalProperties: false },
);

const refresh: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'public', problems: ['invalid-refresh-token'] },
    schema: {
      operationId: 'refreshSession',
      tags: ['Sign-in'],
      summary: 'Exchange a refresh token for the next pair',
      description:
        'A refresh token is used once. Within 10 seconds it gets the same successor again, so two tabs may both send it: ' +
        'in the network of the first use, or once with the same user agent in another one. Otherwise, later, or when it is older, ' +
        'it counts as stolen and the session ends.',
      body: RefreshRequest,
      response: { 200: Ref(TokenPair) },
    },
    handler: async (request, reply) => {
      const token = app.refreshTokens.read(request.body.refreshToken);
      if (token === undefined) throw invalidRefreshToken();
      return tokenPair(app, reply, await refreshSession(app.accounts, token, requestContextOf(request)));
    },
  });
};

export default refresh;
