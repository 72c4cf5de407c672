import { InvalidTokenError } from './claims.ts';

/** Header parameter `typ` of an access token: RFC 9068 section 2.1. */
export const TOKEN_TYPE = 'at+jwt';

/**
 * The header must have exactly the three members that we write. So `crit`, `b64`, `zip`, `jku`, `x5u` and `jwk`
 * are refused, not ignored (RFC 8725 sections 3.1 and 3.10).
 */
export function readHeader(token: string): { kid: string; alg: string } {
  const segments = token.split('.');
  const [first] = segments;
  if (first === undefined || segments.length !== 3 || !segments.every(isCanonical))
    throw new InvalidTokenError('malformed');
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(first, 'base64url').toString());
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

/** One spelling only: base64url ignores the last bits of a segment, so a signature would have several (RFC 4648 section 3.5). */
function isCanonical(segment: string): boolean {
  return segment.length > 0 && Buffer.from(segment, 'base64url').toString('base64url') === segment;
}
