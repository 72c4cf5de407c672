import type { FastifyRequest } from 'fastify';
import type { CallerClaims } from './api-key-claims.ts';
import { authenticate } from './authenticate.ts';
import { setCaller } from './caller.ts';

/**
 * Reads the claims of a public route's caller, from an access token or an API key that the guard would accept
 * now. They are also set as `request.user`. For routes that declare `token: 'optional'`.
 *
 * @throws {Problem} `authentication-required`, `invalid-request` or `invalid-token`, as the guard does
 */
export async function readCaller(request: FastifyRequest): Promise<CallerClaims> {
  const claims = await authenticate(request);
  setCaller(request, claims);
  return claims;
}
