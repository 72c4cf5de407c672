import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, onRequestHookHandler } from 'fastify';
import { type AccessTokenClaims, findTimeProblem, InvalidTokenError } from '../tokens/claims.ts';
import { hasTokenInQuery, readBearerToken } from './bearer-token.ts';
import { authenticationRequired, invalidRequest, invalidToken } from './challenges.ts';

/** Of a request: the claims of its token, whose signature was verified before the body was read. Nobody else has the symbol. */
export const identity: unique symbol = Symbol('claims of a verified token');

declare module 'fastify' {
  interface FastifyRequest {
    [identity]?: AccessTokenClaims | null;
  }
}

/** Of `Bearer` and one space. */
const SCHEME_LENGTH = 'Bearer '.length;

/**
 * The onRequest hook of guarded routes: of a stranger, the body is neither read nor validated. It does not decide: a token may
 * expire or be revoked, and a level may change, while the body is held back. That is looked at afterwards, by the guard.
 *
 * @param hasBody whether the route's method has one: then a token that is known to be revoked is refused before that too
 */
export function identify(hasBody: boolean): onRequestHookHandler {
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    try {
      const claims = verify(request);
      const { revocations } = request.server;
      if (hasBody && revocations.isFresh && revocations.revokes(claims)) throw invalidToken();
      request[identity] = claims;
    } catch (error) {
      if (hasBody) refuseBody(request, reply);
      done(toError(error));
      return;
    }
    done();
  };
}

/**
 * The claims of a token that is ours and valid at this moment. Whether it is revoked is another question.
 *
 * @throws {Problem} 401, or 400 for a header that is malformed
 */
export function authenticate(request: FastifyRequest): AccessTokenClaims {
  const verified = request[identity];
  if (!verified) return verify(request);
  const problem = findTimeProblem(verified);
  if (problem !== undefined) throw invalidToken(problem);
  return verified;
}

/** Tokens that were accepted before are looked up by the whole header. */
function verify(request: FastifyRequest): AccessTokenClaims {
  const { authorization } = request.headers;
  if (authorization === undefined) throw authenticationRequired();
  const { tokens, verifiedTokens } = request.server;
  const known = verifiedTokens.get(authorization);
  if (known !== undefined) {
    if (hasTokenInQuery(request.url)) throw invalidRequest();
    const problem = findTimeProblem(known);
    if (problem === undefined) return known;
    verifiedTokens.delete(authorization);
    throw invalidToken(problem);
  }
  const token = readBearerToken(authorization, request.url);
  try {
    const claims = tokens.verify(token);
    // One space only. With more, a single token would fill the cache under many keys, as long as headers may be.
    if (authorization.length === SCHEME_LENGTH + token.length) verifiedTokens.set(authorization, claims);
    return claims;
  } catch (error) {
    throw error instanceof InvalidTokenError ? invalidToken(error) : error;
  }
}

/** What is left of a body is thrown away as it comes, and the connection kept; one that nobody would take is not waited for. */
function refuseBody({ headers, routeOptions }: FastifyRequest, reply: FastifyReply): void {
  const { bodyLimit } = routeOptions;
  if (bodyLimit !== undefined && Number(headers['content-length']) > bodyLimit)
    reply.header('connection', 'close');
}

/** What hooks are to be done with: whatever was thrown, as an error. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The guard failed', { cause: error });
}
