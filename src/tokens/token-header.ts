import { InvalidTokenError } from './claims.ts';

/** Header parameter `typ` of an access token: RFC 9068 section 2.1. */
export const TOKEN_TYPE = 'at+jwt';

/**
 * Base64url in its one spelling: it ignores the last bits of what is not a multiple of four characters long, so a signature would
 * have several (RFC 4648 section 3.5). Of them, the one is accepted whose last bits are zero.
 */
const SEGMENT = '(?=[\\w-])(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?';

/** Header, claims and signature: RFC 7515 section 7.1. */
export const TOKEN = new RegExp(`^${SEGMENT}\\.${SEGMENT}\\.${SEGMENT}$`);

/** What a header says. */
export interface TokenHeader {
  readonly kid: string;
  readonly alg: string;
}

/**
 * The first segment of a token, undecoded.
 *
 * @throws {InvalidTokenError} when it has not three segments, or one of them is no base64url
 */
export function headerSegment(token: string): string {
  if (!TOKEN.test(token)) throw new InvalidTokenError('malformed');
  return token.slice(0, token.indexOf('.'));
}

/**
 * The header must have exactly the three members that we write. So `crit`, `b64`, `zip`, `jku`, `x5u` and `jwk`
 * are refused, not ignored (RFC 8725 sections 3.1 and 3.10).
 *
 * @throws {InvalidTokenError}
 */
export function readHeader(segment: string): TokenHeader {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(segment, 'base64url').toString());
  } catch (error) {
    throw new InvalidTokenError('header is not JSON', { cause: error });
  }
  if (
    typeof header === 'object' &&
    header !== null &&
    Object.keys(header).length === 3 &&
    'typ' in header &&
    header.typ === TOKEN_TYPE &&
    'alg' in header &&
    typeof header.alg === 'string' &&
    'kid' in header &&
    typeof header.kid === 'string'
  ) {
    return { kid: header.kid, alg: header.alg };
  }
  throw new InvalidTokenError('header is not that of an access token');
}
