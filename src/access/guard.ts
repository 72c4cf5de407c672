import type {
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  preHandlerHookHandler,
} from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';
import { authenticate, toError } from './authenticate.ts';
import { setCaller } from './caller.ts';
import { accessDenied, invalidToken, recentSignInRequired, twoFactorsRequired } from './challenges.ts';
import { guardStateOf } from './guard-state.ts';

export { claimsOf } from './caller.ts';

/** Options of the public hook factory beside the minimum. */
export interface GuardOptions {
  /** Seconds that may have passed since a password was verified (RFC 9470). Without it, there is no limit. */
  readonly maxAge?: number | undefined;
  /** Number of factors that the session needs: 1 by default. */
  readonly factors?: Factors | undefined;
}

/** Number of factors that a route asks for. */
export type Factors = 1 | 2;

/** The conditions of a guard. */
export interface GuardRule {
  readonly minimum: number;
  readonly maxAge: number | undefined;
  readonly factors: Factors;
}

/**
 * Seconds that a sign-in may lie in the future, because clocks differ. A sign-in further ahead happened
 * before the clock was set back.
 */
const CLOCK_TOLERANCE_SECONDS = 60;

const rules = new WeakMap<object, GuardRule>();

/**
 * The preHandler hook that accepts callers whose access level is the minimum or higher. 401 and 403 answers
 * follow RFC 6750 section 3.1 and RFC 9470 section 3.
 *
 * It is synchronous and does not ask the database while the revocations in memory are fresh. When they are
 * stale, it reads the rows, and answers 503 when it cannot. A signature that was verified before the body was
 * read is not verified again; everything that may have changed since then is checked now.
 *
 * @param minimum the access level that the route needs; 0 needs only a valid token
 * @throws {RangeError} when the minimum is not an integer from 0 up, maxAge not a number above 0, or factors
 *   neither 1 nor 2
 */
export function requireAccess(minimum: number, options: GuardOptions = {}): preHandlerHookHandler {
  // Made once: a request allocates nothing for it.
  const rule = toRule(minimum, options);
  const guard: preHandlerHookHandler = (request, _reply, done) => {
    try {
      const { revocations } = guardStateOf(request.server);
      const claims = authenticate(request);
      if (revocations.isFresh) {
        if (revocations.revokes(claims)) throw invalidToken();
        authorize(request, claims, rule);
      } else {
        authorizeFromDatabase(request, claims, rule, done);
        return;
      }
    } catch (error) {
      done(toError(error));
      return;
    }
    done();
  };
  rules.set(guard, rule);
  return guard;
}

/** @throws {RangeError} as {@link requireAccess} */
function toRule(minimum: number, { maxAge, factors = 1 }: GuardOptions): GuardRule {
  if (!Number.isInteger(minimum) || minimum < 0) {
    throw new RangeError(`The minimum access level must be an integer from 0 up, not ${minimum}`);
  }
  if (maxAge !== undefined && !(maxAge > 0)) {
    throw new RangeError(`maxAge must be a number of seconds above 0, not ${maxAge}`);
  }
  if (factors !== 1 && factors !== 2) throw new RangeError(`factors must be 1 or 2, not ${String(factors)}`);
  return { minimum, maxAge, factors };
}

/**
 * The onRequest hook of a route that needs a valid token of any level. The route counts as one with
 * `config: { access: 0 }`.
 */
export const authenticateOnly: onRequestHookHandler = requireAccess(0);

/** Returns the conditions of a hook that {@link requireAccess} made; undefined for any other value. */
export function ruleOf(hook: unknown): GuardRule | undefined {
  return typeof hook === 'function' ? rules.get(hook) : undefined;
}

/** Raises the 400 that Fastify found before the guard ran. It comes after 401 and 403. */
export function rejectInvalid(request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction): void {
  done(request.validationError);
}

/**
 * Checks `maxAge`, for handlers that know only from the body whether they need it.
 *
 * @param maxAge seconds that may have passed since a password was verified
 * @throws {Problem} `recent-sign-in-required`
 */
export function requireRecentSignIn(claims: AccessTokenClaims, maxAge: number): void {
  if (!isRecent(claims, maxAge)) throw recentSignInRequired(maxAge);
}

/**
 * Checks that the session has two factors, for handlers that know only from the body whether they need them.
 *
 * @param maxAge seconds that may have passed since a sign-in, where that is required too
 * @throws {Problem} `two-factors-required`
 */
export function requireTwoFactors(claims: AccessTokenClaims, maxAge?: number): void {
  if (claims.acr !== '2') throw missingFactor(claims, maxAge);
}

function isRecent({ auth_time }: AccessTokenClaims, maxAge: number): boolean {
  const age = Date.now() / 1000 - auth_time;
  return age <= maxAge && age >= -CLOCK_TOLERANCE_SECONDS;
}

/** One challenge says all that is missing: it also has `max_age` where the sign-in is too long ago. */
function missingFactor(claims: AccessTokenClaims, maxAge: number | undefined) {
  return twoFactorsRequired(maxAge === undefined || isRecent(claims, maxAge) ? undefined : maxAge);
}

function authorize(request: FastifyRequest, claims: AccessTokenClaims, rule: GuardRule): void {
  // Before the checks: the audit records the caller of refused requests too.
  setCaller(request, claims);
  const { access, access2 } = claims;
  const { minimum, maxAge } = rule;
  if (!(Number.isInteger(access) && access >= minimum)) {
    if (access2 !== undefined && access2 >= minimum) throw missingFactor(claims, maxAge);
    throw accessDenied(minimum, access);
  }
  if (rule.factors === 2) requireTwoFactors(claims, maxAge);
  if (maxAge !== undefined) requireRecentSignIn(claims, maxAge);
}

/**
 * Fallback when the revocation feed is stale: asks the database whether the token is valid, then authorizes.
 */
function authorizeFromDatabase(
  request: FastifyRequest,
  claims: AccessTokenClaims,
  rule: GuardRule,
  done: HookHandlerDoneFunction,
): void {
  const { revocations, recognise } = guardStateOf(request.server);
  revocations
    .confirm(claims)
    .then((isValid) => {
      if (!isValid) throw invalidToken();
      authorize(request, claims, rule);
    })
    .then(
      () => done(),
      (error: unknown) => done(recognise(error) ?? toError(error)),
    );
}
