import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, onRequestHookHandler } from 'fastify';
import { API_KEY_PREFIX } from '../tokens/api-key.ts';
import { type AccessTokenClaims, findTimeProblem, InvalidTokenError } from '../tokens/claims.ts';
import type { CallerClaims } from './api-key-claims.ts';
import { hasTokenInQuery, readBearerToken } from './bearer-token.ts';
import { authenticationRequired, invalidRequest, invalidToken } from './challenges.ts';
import { clientAddress } from './client-address.ts';
import { guardStateOf } from './guard-state.ts';
import { KnownApiKey } from './known-api-key.ts';

/**
 * The claims of a request's token, whose signature was verified before the body was read, or its API key.
 * Only the guard has this symbol.
 */
export const identity: unique symbol = Symbol('verified token or known API key');

declare module 'fastify' {
  interface FastifyRequest {
    [identity]?: AccessTokenClaims | KnownApiKey | null;
  }
}

const AUTHORIZATION = 'authorization';

const SCHEME = 'Bearer ';

/** The beginning of a header with an API key, as programs write it. */
const API_KEY_HEADER = SCHEME + API_KEY_PREFIX;

/** The scheme before an API key, as it may be written: its case does not count (RFC 9110 section 11.1). */
const API_KEY_SCHEME = new RegExp(`^bearer +(?=${API_KEY_PREFIX})`, 'i');

/**
 * The onRequest hook of guarded routes. It refuses an unauthenticated caller before the body is read or
 * validated.
 *
 * It does not make the final decision: a token may expire or be revoked, and a level may change, while the
 * body arrives. The guard checks these afterwards.
 *
 * It is synchronous, except for an API key at first sight, which is read from the database.
 *
 * @param hasBody whether the route's method has a body: then a token that is known to be revoked is refused
 *   before the body is read, too
 */
export function identify(hasBody: boolean): onRequestHookHandler {
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const refuse = (error: unknown) => {
      if (hasBody) refuseBody(request, reply);
      done(toError(error));
    };
    try {
      const header = readApiKeyHeader(request);
      if (header !== undefined) {
        identifyKey(request, header, () => done(), refuse);
        return;
      }
      const claims = verify(request);
      const { revocations } = guardStateOf(request.server);
      if (hasBody && revocations.isFresh && revocations.revokes(claims)) throw invalidToken();
      request[identity] = claims;
    } catch (error) {
      refuse(error);
      return;
    }
    done();
  };
}

/** Sets the API key of a request: at once when it is in memory, else after it was read. */
function identifyKey(
  request: FastifyRequest,
  header: string,
  accept: () => void,
  refuse: (error: unknown) => void,
): void {
  const { apiKeys, revocations, recognise } = guardStateOf(request.server);
  const known = apiKeys.find(header);
  // Without fresh revocations the guard reads the key, once the body is here.
  if (known !== undefined && (!revocations.isFresh || apiKeys.claimsOf(known) !== undefined)) {
    request[identity] = known;
    accept();
    return;
  }
  readKey(request, header)
    .then(() => {
      request[identity] = apiKeys.find(header) ?? null;
    })
    .then(accept, (error: unknown) => refuse(recognise(error) ?? error));
}

/**
 * Returns the claims of a caller that is valid at this moment: of a token that this service issued and that
 * is not revoked, or of an API key. It is a promise where the database has to be asked: for an API key that
 * is not in memory or was changed, and for every caller while the revocations in memory are stale.
 *
 * @throws {Problem} 401, or 400 for a header that is malformed
 */
export function authenticate(request: FastifyRequest): CallerClaims | Promise<CallerClaims> {
  const { revocations } = guardStateOf(request.server);
  const verified = request[identity];
  if (verified instanceof KnownApiKey) return useKey(request, verified);
  const header = verified ? undefined : readApiKeyHeader(request);
  if (header !== undefined) return readKey(request, header);
  const claims = verified ? requireInTime(verified) : verify(request);
  if (!revocations.isFresh) return confirm(request, claims);
  if (revocations.revokes(claims)) throw invalidToken();
  return claims;
}

async function confirm(request: FastifyRequest, claims: AccessTokenClaims): Promise<AccessTokenClaims> {
  if (!(await guardStateOf(request.server).revocations.confirm(claims))) throw invalidToken();
  return claims;
}

function requireInTime(claims: AccessTokenClaims): AccessTokenClaims {
  const problem = findTimeProblem(claims);
  if (problem !== undefined) throw invalidToken(problem);
  return claims;
}

function useKey(request: FastifyRequest, known: KnownApiKey): CallerClaims | Promise<CallerClaims> {
  return guardStateOf(request.server).apiKeys.claimsOf(known) ?? readKey(request, known.header);
}

function readKey(request: FastifyRequest, header: string): Promise<CallerClaims> {
  const key = header.slice(SCHEME.length);
  return guardStateOf(request.server).apiKeys.read(header, key, clientAddress(request));
}

/**
 * Returns the header of an API key, written as keys are kept in memory: `Bearer`, one space, the key.
 *
 * @returns undefined for a request without an API key
 * @throws {Problem} `invalid-request` for a second Authorization header, or a token in the query too
 */
function readApiKeyHeader({ headers: { authorization }, raw, url }: FastifyRequest): string | undefined {
  if (authorization === undefined || !API_KEY_SCHEME.test(authorization)) return undefined;
  if (hasSecondHeader(raw.rawHeaders) || hasTokenInQuery(url)) throw invalidRequest();
  if (authorization.startsWith(API_KEY_HEADER)) return authorization;
  return authorization.replace(API_KEY_SCHEME, SCHEME);
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
    if (authorization.length === SCHEME.length + token.length) verifiedTokens.set(authorization, claims);
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
