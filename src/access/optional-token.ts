import type { FastifyRequest } from 'fastify';
import type { AccessTokenClaims } from '../tokens/claims.ts';
import { authenticate } from './authenticate.ts';
import { setCaller } from './caller.ts';
import { invalidToken } from './challenges.ts';
import { guardStateOf } from './guard-state.ts';

/**
 * Reads the claims of a public route's caller, from an access token that the guard would accept now. They are
 * also set as `request.user`. For routes that declare `token: 'optional'`.
 *
 * @throws {Problem} `authentication-required`, `invalid-request` or `invalid-token`, as the guard does
 */
export async function readCaller(request: FastifyRequest): Promise<AccessTokenClaims> {
  const claims = authenticate(request);
  const { revocations } = guardStateOf(request.server);
  const isValid = revocations.isFresh ? !revocations.revokes(claims) : await revocations.confirm(claims);
  if (!isValid) throw invalidToken();
  setCaller(request, claims);
  return claims;
}
