import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SessionGrant } from '../accounts/sessions/grant.ts';
import type { AccessTokenAnswer, TokenPair } from '../accounts/sessions/schemas.ts';

/** The access token of a session; marks the answer as one that no cache keeps (RFC 6749 section 5.1). */
export function accessTokenAnswer(
  app: FastifyInstance,
  reply: FastifyReply,
  grant: SessionGrant,
): AccessTokenAnswer {
  reply.header('cache-control', 'no-store');
  return { ...app.tokens.issue(grant), tokenType: 'Bearer' };
}

/** The access token of a session, and the refresh token that is to be used next. */
export function tokenPair(app: FastifyInstance, reply: FastifyReply, grant: SessionGrant): TokenPair {
  return { ...accessTokenAnswer(app, reply, grant), refreshToken: app.refreshTokens.write(grant) };
}
