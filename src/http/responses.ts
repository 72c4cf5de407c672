import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { AccountsContext } from '../accounts/context.ts';
import { endSessionOf } from '../accounts/sessions/end.ts';
import type { SessionGrant } from '../accounts/sessions/grant.ts';
import { type AccessTokenAnswer, TokenPair } from '../accounts/sessions/schemas.ts';
import { Problem } from '../problems/problem.ts';
import { requestContextOf } from './request-context.ts';
import { Ref } from './schemas.ts';
import { readSessionCookie, SetCookie, setSessionCookie } from './session-cookie.ts';

/** The answer of a request that may send a mail. It does not say whether a mail was sent, nor to whom. */
export const AcceptedResponse = Type.Object(
  {
    detail: Type.String({
      examples: ['If the address can be used for this, a mail is on its way to it.'],
    }),
  },
  { $id: 'latchkey.AcceptedResponse', description: 'Accepted; the rest is in a mail.' },
);
export type AcceptedResponse = Static<typeof AcceptedResponse>;

/** Answers with 202 (RFC 9110 section 15.3.3). */
export function acceptedResponse(reply: FastifyReply): AcceptedResponse {
  reply.code(202);
  return { detail: 'If the address can be used for this, a mail is on its way to it.' };
}

/**
 * Checks that mail is configured.
 *
 * @throws {Problem} `mail-not-configured`
 */
export function requireMail({ outbox }: Pick<AccountsContext, 'outbox'>): void {
  if (!outbox.settings.isConfigured) throw new Problem('mail-not-configured');
}

/** Issues the access token of a session, and forbids caches to keep the answer (RFC 6749 section 5.1). */
export function accessTokenAnswer(
  app: FastifyInstance,
  reply: FastifyReply,
  grant: SessionGrant,
): AccessTokenAnswer {
  reply.header('cache-control', 'no-store');
  return { ...app.tokens.issue(grant), tokenType: 'Bearer' };
}

/** Issues the access token of a session, and its next refresh token: in the answer, or in a cookie. */
export function tokenPair(app: FastifyInstance, reply: FastifyReply, grant: SessionGrant): TokenPair {
  const answer = accessTokenAnswer(app, reply, grant);
  const refreshToken = app.refreshTokens.write(grant);
  if (!grant.cookie) return { ...answer, refreshToken };
  setSessionCookie(reply, refreshToken);
  return answer;
}

/**
 * Answers the end of a sign-in with the tokens of its session. A new session in a cookie takes the place of
 * the one that was in it, which ends.
 */
export async function signInAnswer(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  grant: SessionGrant,
): Promise<TokenPair> {
  const replaced = grant.cookie ? app.refreshTokens.read(readSessionCookie(request) ?? '') : undefined;
  if (replaced !== undefined) await endSessionOf(app.accounts, replaced, requestContextOf(request));
  return tokenPair(app, reply, grant);
}

/** The schema of an answer with the tokens of a session. */
export const TokenPairAnswer = { ...Ref(TokenPair), headers: { 'Set-Cookie': SetCookie } };
