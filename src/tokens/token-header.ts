import { InvalidTokenError } from './claims.ts';

/** Header parameter `typ` of an access token: RFC 9068 section 2.1. */
export const TOKEN_TYPE = 'at+jwt';

/**
 * A segment of canonical base64url. A decoder ignores the last bits when the length is not a multiple of four
 * characters, so a signature would have several spellings (RFC 4648 section 3.5). Only the spelling with zero
 * bits at the end is accepted.
 */
const SEGMENT = '(?=[\\w-])(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?';

/** The pattern of a token: header, claims and signature (RFC 7515 section 7.1). */
export const TOKEN = new RegExp(`^${SEGMENT}\\.${SEGMENT}\\.${SEGMENT}$`);

/**
 * Checks that a token has three segments of canonical base64url. @fastify/jwt checks only the alphabet, so it
 * accepts several spellings of one signature. For an empty token, it throws an AssertionError.
 *
 * @throws {InvalidTokenError}
 */
export function requireCanonical(token: string): void {
  if (!TOKEN.test(token)) throw new InvalidTokenError('malformed');
}

/**
 * Returns the `kid` of a header that has exactly the three members that this service writes. @fastify/jwt
 * ignores members that it does not know. Here `crit`, `b64`, `zip`, `jku`, `x5u` and `jwk` are refused (RFC
 * 8725 sections 3.1 and 3.10). The `checkTyp` of @fastify/jwt also accepts the type in capital letters and
 * with `application/` before it.
 *
 * @throws {InvalidTokenError}
 */
export function readKid(header: unknown): string {
  if (
    typeof header === 'object' &&
    header !== null &&
    Object.keys(header).length === 3 &&
    'typ' in header &&
    header.typ === TOKEN_TYPE &&
    'alg' in header &&
    'kid' in header &&
    typeof header.kid === 'string'
  ) {
    return header.kid;
  }
  throw new InvalidTokenError('header is not that of an access token');
}
