import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../../../access/plugin.ts';
import { version } from '../../../config/index.ts';
import { ProblemBody } from '../../../problems/problem.schemas.ts';
import { type ProblemSlug, registry, slugs } from '../../../problems/registry.ts';
import { Ref } from '../../schemas.ts';
import { withExample } from './examples.ts';
import { BODY_IS_OPTIONAL, completeDocument, headerComponents } from './headers.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The problems of the route itself. Those of its access and its schemas are added. */
    problems?: readonly ProblemSlug[];
  }
}

/** The groups of operations, in the order of the document. */
const tags = [
  { name: 'Sign-in', description: 'Become a user and get an access token.' },
  { name: 'Me', description: "The caller's own record." },
  { name: 'Users', description: 'The users of the service.' },
  { name: 'Invitations', description: 'Invitations that an admin sends.' },
  { name: 'Administration', description: 'The control panel.' },
  { name: 'Service', description: 'About the service itself.' },
];

/** Generates the OpenAPI document from the routes' schemas and from the access that they declare. */
async function openapi(app: FastifyInstance) {
  app.addSchema(ProblemBody);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        version,
        description:
          'Users, sign-in and access levels. Every user has one integer access level; every operation declares the least that it needs (`x-minimum-access`).',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Without a host, so that the document is the same for every host of the service.
      servers: [{ url: new URL(app.config.publicUrl).pathname }],
      tags,
      components: {
        headers: headerComponents,
        examples: Object.fromEntries(slugs.map((slug) => [slug, { value: exampleProblem(slug) }])),
        securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id : `def-${index}`,
    },
    // A route of an embedding app may have no schema.
    transform: ({ schema = {}, url, route }) => ({ schema: describeRoute(schema, route), url }),
    transformObject: completeDocument,
  });
}

/** Adds everything that the declaration implies: security, minimum, and the problems of the route. */
function describeRoute(schema: FastifySchema, route: RouteOptions): FastifySchema {
  const declared = route.config?.[declaration];
  if (schema.hide === true || declared === undefined) return schema;
  const { minimum } = declared;
  return {
    ...schema,
    ...(schema.body !== undefined && { body: withExample(schema.body) }),
    ...(schema.querystring !== undefined && { querystring: withoutDefaults(schema.querystring) }),
    response: {
      ...responsesWithExamples(schema.response),
      ...problemResponses(problemsOf(schema, route, minimum)),
    },
    security: securityOf(route, minimum),
    ...(route.config?.optionalBody && { [BODY_IS_OPTIONAL]: true }),
    ...(minimum !== null && { 'x-minimum-access': minimum }),
    ...(route.config?.maxAge !== undefined && { 'x-max-age': route.config.maxAge }),
  };
}

/** Returns the security requirements. One of them is enough; the empty one means no token. */
function securityOf({ config }: RouteOptions, minimum: number | null): Record<string, string[]>[] {
  if (minimum !== null) return [{ accessToken: [] }];
  return config?.token === 'optional' ? [{ accessToken: [] }, {}] : [];
}

function problemsOf(schema: FastifySchema, route: RouteOptions, minimum: number | null): ProblemSlug[] {
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
    ...(route.config?.maxAge === undefined ? [] : (['recent-sign-in-required'] as const)),
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

/** Builds one response for each status; its description lists the problems that share it. */
function problemResponses(slugs: readonly ProblemSlug[]): Record<string, unknown> {
  const byStatus = new Map<number, Set<ProblemSlug>>();
  for (const slug of slugs) {
    const { status } = registry[slug];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(slug));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, members]) => [
      status,
      {
        description: [...members].map((slug) => `\`${slug}\`: ${registry[slug].title}`).join('; '),
        content: {
          'application/problem+json': {
            schema: Ref(ProblemBody),
            examples: Object.fromEntries(
              [...members].map((slug) => [slug, { $ref: `#/components/examples/${slug}` }]),
            ),
          },
        },
      },
    ]),
  );
}

/**
 * Removes parameters with a default from `required`. TypeBox requires them, because handlers always get them.
 */
function withoutDefaults(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || !('required' in schema) || !('properties' in schema))
    return schema;
  const properties = Object(schema.properties);
  const required = [schema.required]
    .flat()
    .filter((name) => !('default' in Object(properties[String(name)])));
  return { ...schema, required };
}

function exampleProblem(slug: ProblemSlug) {
  const { status, title, detail } = registry[slug];
  const members = { type: `http://127.0.0.1:3000/problems/${slug}`, title, status, detail };
  if (slug === 'validation-failed') {
    return {
      ...members,
      errors: [{ in: 'body', pointer: '/email', message: 'is required' }],
      requestId: 'req-1',
    };
  }
  return { ...members, ...(slug === 'access-denied' && { required: 2, actual: 1 }), requestId: 'req-1' };
}

function responsesWithExamples(response: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(response ?? {}).map(([status, schema]) => [status, withExample(schema)]),
  );
}

export default fp(openapi, { name: 'openapi', fastify: '5.x', dependencies: ['access'] });
