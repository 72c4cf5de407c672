import { type Static, Type } from 'typebox';
import { compile } from '../lib/compile-schema.ts';

/** Who the tokens are issued to (RFC 9068 section 2.2): this service's own clients are one. */
export const CLIENT_ID = 'latchkey';
/** Seconds that another process's clock may run ahead of ours. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** What the column of the level holds: a 32-bit integer. */
const LARGEST_LEVEL = 2 ** 31 - 1;

/** The claims of an access token (RFC 9068 section 2.2, and ours: `access`, `gen`, `sid`). Times are seconds since 1970. */
export const AccessTokenClaims = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  sub: Type.String({ minLength: 1 }),
  sid: Type.String({ minLength: 1 }),
  client_id: Type.Literal(CLIENT_ID),
  access: Type.Integer({ minimum: 0, maximum: LARGEST_LEVEL }),
  gen: Type.Integer({ minimum: 0 }),
  auth_time: Type.Integer({ minimum: 0 }),
  iat: Type.Integer({ minimum: 0 }),
  exp: Type.Integer({ minimum: 0 }),
  // We write none. Whoever makes a token with our key and says from when it is valid is taken at the word.
  nbf: Type.Optional(Type.Number()),
  jti: Type.String({ minLength: 1 }),
});
export type AccessTokenClaims = Readonly<Static<typeof AccessTokenClaims>>;

/** Checks the claims of a token whose signature is right. */
export const areClaims = compile(AccessTokenClaims);

/**
 * The reason why a token is not valid at this moment; undefined when it is valid. @fastify/jwt does not look
 * at `iat`. It also accepts a token at the very moment of its `exp`, which is too late: RFC 7519 section
 * 4.1.4.
 */
export function findTimeProblem({ exp, iat }: AccessTokenClaims): string | undefined {
  const now = Date.now() / 1000;
  if (exp <= now) return 'expired';
  if (iat > now + CLOCK_TOLERANCE_SECONDS) return 'issued in the future';
  return undefined;
}

/** Why a token was refused. Always a 401; the reason is for the log and never for the client. */
export class InvalidTokenError extends Error {
  override name = 'InvalidTokenError';
}
