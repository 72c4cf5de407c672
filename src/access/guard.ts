import type {
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  preHandlerHookHandler,
} from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';
import { type CallerClaims, isApiKey } from './api-key-claims.ts';
import { authenticate, toError } from './authenticate.ts';
import { claimsOf, setCaller } from './caller.ts';
import { accessDenied, recentSignInRequired, twoFactorsRequired } from './challenges.ts';
import { guardStateOf } from './guard-state.ts';
import { authorizeKey, requireNamed } from './key-guard.ts';

export { claimsOf, sessionOf } from './caller.ts';

/** Options of the public hook factory beside the minimum. */
export interface GuardOptions {
  /** Seconds that may have passed since a password was verified (RFC 9470). Without it, there is no limit. */
  readonly maxAge?: number | undefined;
  /** Number of factors that the session needs: 1 by default. */
  readonly factors?: Factors | undefined;
  /** True for a session alone: an API key is refused. */
  readonly session?: boolean | undefined;
}

/** Number of factors that a route asks for. */
export type Factors = 1 | 2;

/** The conditions of a guard. */
export interface GuardRule {
  readonly minimum: number;
  readonly maxAge: number | undefined;
  readonly factors: Factors;
  readonly session: boolean;
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
 * It is synchronous and does not ask the database while the revocations in memory are fresh, except for an
 * API key at first sight or after a change of its owner. When they are stale, it reads the rows, and answers
 * 503 when it cannot. A signature that was verified before the body was read is not verified again;
 * everything that may have changed since then is checked now.
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
      const claims = authenticate(request);
      if (claims instanceof Promise) {
        authorizeLater(request, claims, rule, done);
        return;
      }
      authorize(request, claims, rule);
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
function toRule(minimum: number, { maxAge, factors = 1, session = false }: GuardOptions): GuardRule {
  if (!Number.isInteger(minimum) || minimum < 0) {
    throw new RangeError(`The minimum access level must be an integer from 0 up, not ${minimum}`);
  }
  if (maxAge !== undefined && !(maxAge > 0)) {
    throw new RangeError(`maxAge must be a number of seconds above 0, not ${maxAge}`);
  }
  if (factors !== 1 && factors !== 2) throw new RangeError(`factors must be 1 or 2, not ${String(factors)}`);
  return { minimum, maxAge, factors, session };
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
 * @throws {Problem} `recent-sign-in-required`; `key-not-allowed` for an API key that does not stand for one
 */
export function requireRecentSignIn(request: FastifyRequest, maxAge: number): void {
  const claims = claimsOf(request);
  if (isApiKey(claims)) requireNamed(request, claims);
  else if (!isRecent(claims, maxAge)) throw recentSignInRequired(maxAge);
}

/**
 * Checks that the session has two factors, for handlers that know only from the body whether they need them.
 *
 * @param maxAge seconds that may have passed since a sign-in, where that is required too
 * @throws {Problem} `two-factors-required`; `key-not-allowed` for an API key that does not stand for them
 */
export function requireTwoFactors(request: FastifyRequest, maxAge?: number): void {
  const claims = claimsOf(request);
  if (isApiKey(claims)) requireNamed(request, claims);
  else if (claims.acr !== '2') throw missingFactor(claims, maxAge);
}

function isRecent({ auth_time }: AccessTokenClaims, maxAge: number): boolean {
  const age = Date.now() / 1000 - auth_time;
  return age <= maxAge && age >= -CLOCK_TOLERANCE_SECONDS;
}

/** One challenge says all that is missing: it also has `max_age` where the sign-in is too long ago. */
function missingFactor(claims: AccessTokenClaims, maxAge: number | undefined) {
  return twoFactorsRequired(maxAge === undefined || isRecent(claims, maxAge) ? undefined : maxAge);
}

function authorize(request: FastifyRequest, claims: CallerClaims, rule: GuardRule): void {
  // Before the checks: the audit records the caller of refused requests too.
  setCaller(request, claims);
  if (isApiKey(claims)) authorizeKey(request, claims, rule.session);
  const { access } = claims;
  const { minimum, maxAge } = rule;
  if (!(Number.isInteger(access) && access >= minimum)) {
    if ('access2' in claims && claims.access2 !== undefined && claims.access2 >= minimum)
      throw missingFactor(claims, maxAge);
    throw accessDenied(minimum, access);
  }
  if (rule.factors === 2) requireTwoFactors(request, maxAge);
  if (maxAge !== undefined) requireRecentSignIn(request, maxAge);
}

/** Authorizes a caller for whom the database has to be asked. */
function authorizeLater(
  request: FastifyRequest,
  claims: Promise<CallerClaims>,
  rule: GuardRule,
  done: HookHandlerDoneFunction,
): void {
  const { recognise } = guardStateOf(request.server);
  claims
    .then((valid) => authorize(request, valid, rule))
    .then(
      () => done(),
      (error: unknown) => done(recognise(error) ?? toError(error)),
    );
}
