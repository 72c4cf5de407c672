import { type Static, Type } from 'typebox';
import { compile } from '../lib/compile-schema.ts';
import { acrValues } from './factors.ts';

/**
 * The client that the tokens are issued to (RFC 9068 section 2.2): all clients of this service count as one.
 */
export const CLIENT_ID = 'latchkey';
/** Seconds that another process's clock may run ahead of ours. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** The largest value of the column of the level, a 32-bit integer. */
const MAX_LEVEL = 2 ** 31 - 1;

/**
 * The claims of an access token: those of RFC 9068 section 2.2, and `access`, `access2`, `cap`, `gen` and
 * `sid` of this service. Times are seconds since 1970.
 */
export const AccessTokenClaims = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  sub: Type.String({ minLength: 1 }),
  sid: Type.String({ minLength: 1 }),
  client_id: Type.Literal(CLIENT_ID),
  access: Type.Integer({ minimum: 0, maximum: MAX_LEVEL }),
  gen: Type.Integer({ minimum: 0 }),
  /** The level that a second factor would give, where it is higher than `access`. */
  access2: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_LEVEL })),
  /** The cap of the session, where it has one: `access` is never higher. Nothing is decided by it. */
  cap: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_LEVEL })),
  /** Absent in tokens of versions without second factors: the same as 1. */
  acr: Type.Optional(Type.Enum([...acrValues])),
  /** RFC 8176. */
  amr: Type.Optional(Type.Array(Type.String())),
  auth_time: Type.Integer({ minimum: 0 }),
  iat: Type.Integer({ minimum: 0 }),
  exp: Type.Integer({ minimum: 0 }),
  // This service writes no `nbf`. A token that another program signs with the same key may have one, and it
  // is checked.
  nbf: Type.Optional(Type.Number()),
  jti: Type.String({ minLength: 1 }),
});
export type AccessTokenClaims = Readonly<Static<typeof AccessTokenClaims>>;

/** Checks the claims of a token whose signature is right. */
export const areClaims = compile(AccessTokenClaims);

/**
 * Returns the reason why a token is not valid at this moment; undefined when it is valid. @fastify/jwt does
 * not check `iat`. It also accepts a token at the very moment of its `exp`, which is too late: RFC 7519
 * section 4.1.4.
 */
export function findTimeProblem({ exp, iat }: AccessTokenClaims): string | undefined {
  const now = Date.now() / 1000;
  if (exp <= now) return 'expired';
  if (iat > now + CLOCK_TOLERANCE_SECONDS) return 'issued in the future';
  return undefined;
}

/**
 * The reason why a token was refused. The answer is always a 401; the reason is for the log and never for the
 * client.
 */
export class InvalidTokenError extends Error {
  override name = 'InvalidTokenError';
}
