import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { readCaller } from '../../access/optional-token.ts';
import { endSession, endSessionOf } from '../../accounts/sessions/end.ts';
import { actorOf, requestContextOf } from '../../http/request-context.ts';
import { NoContent } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';

export const LogoutRequest = Type.Object(
  {
    refreshToken: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'a refresh token of the session, for a client without a valid access token',
        examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
      }),
    ),
  },
  { additionalProperties: false },
);

const logout: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: {
      access: 'public',
      token: 'optional',
      optionalBody: true,
      problems: ['invalid-request', 'authentication-required', 'invalid-token'],
    },
    schema: {
      operationId: 'signOut',
      tags: ['Sign-in'],
      summary: 'Sign out: end the session of the access token, or of a refresh token',
      description:
        'Without a valid access token, a refresh token in the body is enough. The answer does not tell whether it is valid (RFC 7009 section 2.2): ' +
        'a token that is unknown, or whose session has ended, gets the same answer. A token that was used before ends its session as at ' +
        '`POST /refresh`, and counts as stolen.',
      body: LogoutRequest,
      response: { 204: NoContent('Signed out.') },
    },
    handler: async (request, reply) => {
      const { refreshToken } = request.body;
      const sessionId = await findSession(request, refreshToken !== undefined);
      if (sessionId !== undefined) await endSession(app.accounts, actorOf(request), sessionId);
      const token = refreshToken === undefined ? undefined : app.refreshTokens.read(refreshToken);
      if (token !== undefined) await endSessionOf(app.accounts, token, requestContextOf(request));
      reply.code(204);
      return null;
    },
  });
};

/**
 * Returns the session of the access token.
 *
 * @param isOptional true when a missing or invalid token is accepted
 */
async function findSession(request: FastifyRequest, isOptional: boolean): Promise<string | undefined> {
  try {
    return (await readCaller(request)).sid;
  } catch (error) {
    if (isOptional && error instanceof Problem && error.statusCode < 500) return undefined;
    throw error;
  }
}

export default logout;
