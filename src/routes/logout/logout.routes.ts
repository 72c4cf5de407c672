import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { sessionOf } from '../../access/guard.ts';
import { readCaller } from '../../access/optional-token.ts';
import { endSession, endSessionOf } from '../../accounts/sessions/end.ts';
import { requestContextOf, sessionActorOf } from '../../http/request-context.ts';
import { NoContent } from '../../http/schemas.ts';
import { clearSessionCookie, findRefreshToken, SetCookie } from '../../http/session-cookie.ts';
import { Problem } from '../../problems/problem.ts';

export const LogoutRequest = Type.Object(
  {
    refreshToken: Type.Optional(
      Type.String({
        maxLength: 256,
        description:
          'a refresh token of the session, for a client without a valid access token; left out by a page whose session is in a cookie',
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
      sessionCookie: true,
      session: true,
      optionalBody: true,
      problems: ['invalid-request', 'authentication-required', 'invalid-token', 'key-not-allowed'],
    },
    schema: {
      operationId: 'signOut',
      tags: ['Sign-in'],
      summary: 'Sign out: end the session of the access token, of a refresh token, or of the cookie',
      description:
        'Without a valid access token, a refresh token in the body is enough. The answer does not tell whether it is valid (RFC 7009 section 2.2): ' +
        'a token that is unknown, or whose session has ended, gets the same answer. A token that was used before ends its session as at ' +
        '`POST /refresh`, and counts as stolen. ' +
        'For a page of the same origin, the session of its cookie ends too, and the cookie is removed.',
      body: LogoutRequest,
      response: { 204: { ...NoContent('Signed out.'), headers: { 'Set-Cookie': SetCookie } } },
    },
    handler: async (request, reply) => {
      const given = findRefreshToken(request, request.body);
      const sessionId = await findSession(request, given !== undefined);
      if (sessionId !== undefined) await endSession(app.accounts, sessionActorOf(request), sessionId);
      const token = given && app.refreshTokens.read(given.text);
      if (given?.isInCookie) clearSessionCookie(reply);
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
    await readCaller(request);
    return sessionOf(request).sid;
  } catch (error) {
    if (isOptional && error instanceof Problem && error.statusCode < 500) return undefined;
    throw error;
  }
}

export default logout;
