import type {
  FastifyInstance,
  FastifyRequest,
  HookHandlerDoneFunction,
  preHandlerHookHandler,
} from 'fastify';
import type { AccessTokenClaims } from '../tokens/tokens.ts';
import { accessDenied, authenticationRequired, invalidRequest, invalidToken } from './challenges.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the caller's access token; null on public routes. Read it through {@link claimsOf}. */
    claims: AccessTokenClaims | null;
  }
}

const minimums = new WeakMap<object, number>();

/**
 * The preHandler hook that lets a caller in whose access level is the minimum or higher.
 * 401 and 403 answers follow RFC 6750 section 3.1.
 *
 * @param minimum the access level that the route asks for; 0 asks for nothing but a valid token
 * @throws {RangeError} when the minimum is not an integer from 0 up
 */
export function requireAccess(minimum: number): preHandlerHookHandler {
  if (!Number.isInteger(minimum) || minimum < 0) {
    throw new RangeError(`The minimum access level must be an integer from 0 up, not ${minimum}`);
  }
  const guard: preHandlerHookHandler = (request, _reply, done) => {
    try {
      request.claims = authorize(request, minimum);
    } catch (error) {
      done(error instanceof Error ? error : new Error('The guard failed', { cause: error }));
      return;
    }
    done();
  };
  // Fastify binds each hook to its route's instance at boot: the moment to refuse one that has nothing to verify with.
  Object.defineProperty(guard, 'bind', {
    value: (instance: FastifyInstance) => {
      if (!instance.hasDecorator('tokens'))
        throw new Error('requireAccess needs the plugins tokens and access of Latchkey');
      return guard;
    },
  });
  minimums.set(guard, minimum);
  return guard;
}

/** The minimum of a hook that {@link requireAccess} made; undefined for any other value. */
export function minimumOf(hook: unknown): number | undefined {
  return typeof hook === 'function' ? minimums.get(hook) : undefined;
}

/** Raises the 400 that Fastify found before the guard ran: 401 and 403 come first. */
export function rejectInvalid(request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction): void {
  done(request.validationError);
}

/**
 * The claims of a guarded request's caller.
 *
 * @throws {Error} on a public route, where there is no caller
 */
export function claimsOf(request: FastifyRequest): AccessTokenClaims {
  if (request.claims === null) throw new Error('A public route has no caller');
  return request.claims;
}

function authorize(request: FastifyRequest, minimum: number): AccessTokenClaims {
  const claims = verify(request.server, bearerToken(request));
  if (!(Number.isInteger(claims.access) && claims.access >= minimum))
    throw accessDenied(minimum, claims.access);
  return claims;
}

function verify({ tokens }: FastifyInstance, token: string): AccessTokenClaims {
  try {
    return tokens.verify(token);
  } catch (error) {
    throw invalidToken(error);
  }
}

/** RFC 6750 section 2.1; the scheme's case does not matter (RFC 9110 section 11.1). */
function bearerToken(request: FastifyRequest): string {
  const header = request.headers.authorization;
  if (header === undefined || !/^bearer(?: |$)/i.test(header)) throw authenticationRequired();
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(header)?.[1];
  if (token === undefined || hasTokenInQuery(request)) throw invalidRequest();
  return token;
}

/** RFC 6750 section 2: a token is sent in one way only. We read none from the query, but a client that sends two is mistaken. */
function hasTokenInQuery({ url }: FastifyRequest): boolean {
  const query = url.indexOf('?');
  return query !== -1 && new URLSearchParams(url.slice(query + 1)).has('access_token');
}
