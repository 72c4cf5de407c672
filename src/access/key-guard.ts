import type { FastifyRequest } from 'fastify';
import { type ApiKeyClaims, mayCall, standsForSignIn } from './api-key-claims.ts';
import { keyNotAllowed, operationNotAllowed } from './challenges.ts';
import { clientAddress } from './client-address.ts';
import { guardStateOf } from './guard-state.ts';

/** Checks what only API keys are asked, and notes that the key was used. */
export function authorizeKey(request: FastifyRequest, claims: ApiKeyClaims, session: boolean): void {
  guardStateOf(request.server).apiKeys.noteUse(claims.key, () => clientAddress(request));
  if (session) throw keyNotAllowed();
  // Without a list, the operation of the request does not matter.
  if (claims.operations !== null && !mayCall(claims, operationOf(request)))
    throw operationNotAllowed(operationOf(request) ?? `${request.method} ${request.routeOptions.url}`);
}

/** Refuses a key that does not stand for a recent sign-in with all factors. */
export function requireNamed(request: FastifyRequest, claims: ApiKeyClaims): void {
  if (!standsForSignIn(claims, operationOf(request))) throw keyNotAllowed();
}

/** Returns the operationId of a request's route. */
function operationOf({ routeOptions }: FastifyRequest): string | undefined {
  return routeOptions.schema?.operationId;
}
