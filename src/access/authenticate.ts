import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, onRequestHookHandler } from 'fastify';
import { type AccessTokenClaims, findTimeProblem, InvalidTokenError } from '../tokens/claims.ts';
import { hasTokenInQuery, readBearerToken } from './bearer-token.ts';
import { authenticationRequired, invalidRequest, invalidToken } from './challenges.ts';
import { guardStateOf } from './guard-state.ts';

/**
 * The claims of a request's token, whose signature was verified before the body was read. Only the guard has
 * this symbol.
 */
export const identity: unique symbol = Symbol('claims of a verified token');

declare module 'fastify' {
  interface FastifyRequest {
    [identity]?: AccessTokenClaims | null;
  }
}

const AUTHORIZATION = 'authorization';

/** The length of `Bearer` and one space. */
const SCHEME_LENGTH = 'Bearer '.length;

/**
 * The onRequest hook of guarded routes. It refuses an unauthenticated caller before the body is read or
 * validated.
 *
 * It does not make the final decision: a token may expire or be revoked, and a level may change, while the
 * body arrives. The guard checks these afterwards.
 *
 * @param hasBody whether the route's method has a body: then a token that is known to be revoked is refused
 *   before the body is read, too
 */
export function identify(hasBody: boolean): onRequestHookHandler {
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    try {
      const claims = verify(request);
      const { revocations } = guardStateOf(request.server);
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
 * Returns the claims of a token that this service issued and that is valid at this moment. The caller checks
 * for revocations.
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

/** Verifies the token of a request. It looks up tokens that were accepted before by the whole header. */
function verify(request: FastifyRequest): AccessTokenClaims {
  const { authorization } = request.headers;
  if (authorization === undefined) throw authenticationRequired();
  if (hasSecondHeader(request.raw.rawHeaders)) throw invalidRequest();
  const { tokens, verifiedTokens } = guardStateOf(request.server);
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
    // Tokens after more than one space are not cached: one token could fill the cache under many keys, which
    // may be as long as headers may be.
    if (authorization.length === SCHEME_LENGTH + token.length) verifiedTokens.set(authorization, claims);
    return claims;
  } catch (error) {
    throw error instanceof InvalidTokenError ? invalidToken(error) : error;
  }
}

/**
 * Tells whether a request has more than one Authorization header: RFC 6750 section 2 requires that it is
 * refused. Node.js joins them only where the server asks for it, and otherwise uses the first.
 *
 * @param rawHeaders names and values in turns
 */
function hasSecondHeader(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) count++;
  }
  return count > 1;
}

/**
 * Refuses a body. Its rest is discarded as it arrives, and the connection stays open. For a body above the
 * limit, the connection is closed instead.
 */
function refuseBody({ headers, routeOptions }: FastifyRequest, reply: FastifyReply): void {
  const { bodyLimit } = routeOptions;
  if (bodyLimit !== undefined && Number(headers['content-length']) > bodyLimit)
    reply.header('connection', 'close');
}

/** Turns a thrown value into an error, for the `done` of a hook. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The guard failed', { cause: error });
}
