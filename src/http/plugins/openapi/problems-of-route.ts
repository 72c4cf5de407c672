import type { FastifySchema, RouteOptions } from 'fastify';
import type { Declaration } from '../../../access/declaration.ts';
import type { ProblemSlug } from '../../../problems/registry.ts';
import { mayNeedTwoFactors } from './minimum.ts';

/** Lists the problems of a route: of its access, of its schemas, its own, and those that every route has. */
export function problemsOf(
  schema: FastifySchema,
  route: RouteOptions,
  { minimum, maxAge, factors, session }: Declaration,
): string[] {
  // With other methods, Fastify reads a body even where the route needs none.
  const readsBody = route.method !== 'GET';
  return [
    ...(readsBody ? (['malformed-json', 'body-too-large', 'unsupported-media-type'] as const) : []),
    ...([schema.body, schema.querystring, schema.headers].every((part) => part === undefined)
      ? []
      : (['validation-failed'] as const)),
    ...(schema.params === undefined ? [] : (['not-found', 'uri-too-long'] as const)),
    ...(minimum === null ? [] : (['invalid-request', 'authentication-required', 'invalid-token'] as const)),
    ...(minimum === null || minimum === 0 ? [] : (['access-denied'] as const)),
    ...(minimum === null ? [] : problemsOfKeys({ maxAge, factors, session })),
    ...(mayNeedTwoFactors(minimum, factors) ? (['two-factors-required'] as const) : []),
    ...(maxAge === null ? [] : (['recent-sign-in-required'] as const)),
    ...(route.config?.idempotent === true
      ? (['request-in-progress', 'idempotency-key-reused'] as const)
      : []),
    ...(route.config?.problems ?? []),
    'too-many-requests',
    'internal-error',
    'busy',
    'database-unavailable',
  ];
}

/** Lists the problems that only API keys have. */
function problemsOfKeys({
  maxAge,
  factors,
  session,
}: Pick<Declaration, 'maxAge' | 'factors' | 'session'>): ProblemSlug[] {
  if (session) return ['key-not-allowed'];
  const isStepUp = maxAge !== null || factors === 2;
  return ['operation-not-allowed', ...(isStepUp ? (['key-not-allowed'] as const) : []), 'too-many-attempts'];
}
