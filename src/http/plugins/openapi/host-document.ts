import type { FastifySchema } from 'fastify';
import type { Declaration } from '../../../access/declaration.ts';
import { type ProblemSlug, registry } from '../../../problems/registry.ts';
import { mayNeedTwoFactors } from './minimum.ts';

/**
 * The security schemes that guarded routes name in the OpenAPI document of your app. Give them to
 * @fastify/swagger: `openapi: { components: { securitySchemes } }`.
 */
export const securitySchemes = {
  accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'lk_ and 59 characters' },
} as const;

/** A problem, without the schemas that only the document of the service has. */
const problemSchema = {
  type: 'object',
  required: ['type', 'slug', 'title', 'status', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    slug: { type: 'string', description: 'which problem it is' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    required: { type: 'integer', description: 'the access level that the route asks for' },
    actual: { type: 'integer', description: "the caller's access level" },
    operation: { type: 'string', description: 'the operation that an API key does not list' },
    requestId: { type: 'string' },
  },
};

/**
 * Adds to the schema of a host's guarded route: its security, its conditions, and the 401 and 403 of the
 * guard.
 * Parts that the route describes itself stay as they are.
 */
export function describeGuard(
  schema: FastifySchema,
  {
    minimum,
    maxAge,
    factors,
    session,
  }: Pick<Declaration, 'maxAge' | 'factors' | 'session'> & { readonly minimum: number },
): FastifySchema {
  const unauthenticated: ProblemSlug[] = ['authentication-required', 'invalid-token'];
  if (mayNeedTwoFactors(minimum, factors)) unauthenticated.push('two-factors-required');
  if (maxAge !== null) unauthenticated.push('recent-sign-in-required');
  const forbidden: ProblemSlug[] = session ? [] : ['operation-not-allowed'];
  if (session || maxAge !== null || factors === 2) forbidden.push('key-not-allowed');
  if (minimum > 0) forbidden.push('access-denied');
  const described = {
    security: session ? [{ accessToken: [] }] : [{ accessToken: [] }, { apiKey: [] }],
    'x-minimum-access': minimum,
    ...(maxAge !== null && { 'x-max-age': maxAge }),
    ...(factors === 2 && { 'x-factors': factors }),
    ...(session && { 'x-session': true }),
    ...schema,
    response: {
      401: response(unauthenticated),
      403: response(forbidden),
      ...Object(schema.response),
    },
  };
  return described;
}

/** The media type is named, so that answers of the host's own format are not cut to this schema. */
function response(slugs: readonly ProblemSlug[]) {
  return {
    description: slugs.map((slug) => `\`${slug}\`: ${registry[slug].title}`).join('; '),
    content: { 'application/problem+json': { schema: problemSchema } },
  };
}
