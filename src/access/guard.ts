import type { FastifyRequest, HookHandlerDoneFunction, preHandlerHookHandler } from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';
import { authenticate, toError } from './authenticate.ts';
import { setCaller } from './caller.ts';
import { accessDenied, invalidToken, recentSignInRequired } from './challenges.ts';

export { claimsOf } from './caller.ts';

/** What the public hook factory takes beside the minimum. */
export interface GuardOptions {
  /** Seconds that may have passed since a password was verified (RFC 9470); any number when it is left out. */
  readonly maxAge?: number | undefined;
}

/** Seconds that a sign-in may lie in the future, for clocks differ. What lies further ahead was before the clock was set back. */
const AHEAD = 60;

const minimums = new WeakMap<object, number>();

/**
 * The preHandler hook that lets a caller in whose access level is the minimum or higher.
 * 401 and 403 answers follow RFC 6750 section 3.1 and RFC 9470 section 3.
 *
 * It is synchronous and asks no database, but when the revocations in memory are not to be trusted: then it reads the
 * rows, and answers 503 where it can't. Where the signature was verified before the body was read, it is not verified again;
 * all that may have changed meanwhile is looked at now.
 *
 * @param minimum the access level that the route asks for; 0 asks for nothing but a valid token
 * @throws {RangeError} when the minimum is not an integer from 0 up, or maxAge not a number above 0
 */
export function requireAccess(minimum: number, { maxAge }: GuardOptions = {}): preHandlerHookHandler {
  if (!Number.isInteger(minimum) || minimum < 0) {
    throw new RangeError(`The minimum access level must be an integer from 0 up, not ${minimum}`);
  }
  if (maxAge !== undefined && !(maxAge > 0)) {
    throw new RangeError(`maxAge must be a number of seconds above 0, not ${maxAge}`);
  }
  const guard: preHandlerHookHandler = (request, _reply, done) => {
    try {
      const { revocations } = request.server;
      // Latchkey's plugins refuse the boot for each route that they do not know. Without them, each request
      // fails here.
      if (revocations === undefined) throw new Error('requireAccess needs the plugins of Latchkey');
      const claims = authenticate(request);
      if (revocations.isFresh) {
        if (revocations.revokes(claims)) throw invalidToken();
        admit(request, claims, minimum, maxAge);
      } else {
        confirm(request, claims, minimum, maxAge, done);
        return;
      }
    } catch (error) {
      done(toError(error));
      return;
    }
    done();
  };
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
 * The check of `maxAge`, for handlers that know only from the body whether they want it.
 *
 * @param maxAge seconds that may have passed since a password was verified
 * @throws {Problem} `recent-sign-in-required`
 */
export function requireRecentSignIn(claims: AccessTokenClaims, maxAge: number): void {
  const age = Date.now() / 1000 - claims.auth_time;
  if (age > maxAge || age < -AHEAD) throw recentSignInRequired(maxAge);
}

function admit(
  request: FastifyRequest,
  claims: AccessTokenClaims,
  minimum: number,
  maxAge: number | undefined,
): void {
  // Also of those who are refused: the audit asks who it was.
  setCaller(request, claims);
  const { access } = claims;
  if (!(Number.isInteger(access) && access >= minimum)) throw accessDenied(minimum, access);
  if (maxAge !== undefined) requireRecentSignIn(claims, maxAge);
}

/** The slow way round, for when the revocations in memory may be too old. */
function confirm(
  request: FastifyRequest,
  claims: AccessTokenClaims,
  minimum: number,
  maxAge: number | undefined,
  done: HookHandlerDoneFunction,
): void {
  request.server.revocations
    .confirm(claims)
    .then((isValid) => {
      if (!isValid) throw invalidToken();
      admit(request, claims, minimum, maxAge);
    })
    .then(
      () => done(),
      (error: unknown) => done(toError(error)),
    );
}
