import { authenticationRequired, invalidRequest } from './challenges.ts';

const SCHEME = /^bearer(?: |$)/i;
const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Reads the token of an Authorization header: RFC 6750 section 2.1. The scheme is case-insensitive (RFC 9110
 * section 11.1).
 *
 * @throws {Problem} `authentication-required` for another scheme; `invalid-request` for a malformed header,
 *   or when a token is sent in the query too
 */
export function readBearerToken(header: string, url: string): string {
  if (!SCHEME.test(header)) throw authenticationRequired();
  const token = CREDENTIALS.exec(header)?.[1];
  if (token === undefined || hasTokenInQuery(url)) throw invalidRequest();
  return token;
}

/**
 * Tells whether the query has a token. Tokens in the query are never used, but a client that sends two makes
 * a mistake (RFC 6750 section 2: one method only).
 */
export function hasTokenInQuery(url: string): boolean {
  const query = url.indexOf('?');
  return query !== -1 && new URLSearchParams(url.slice(query + 1)).has('access_token');
}
