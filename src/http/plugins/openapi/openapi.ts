import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../../../access/declaration.ts';
import type { AccessLevels } from '../../../access/levels.ts';
import { version } from '../../../config/index.ts';
import { DeclarationError } from '../../../lib/declaration-error.ts';
import { pathBehind } from '../../../lib/path-behind.ts';
import { requireEntry } from '../../../problems/own-problems.ts';
import { isSlug, slugs } from '../../../problems/registry.ts';
import { withBodyExample, withExample, withoutDefaults, withoutFormExamples } from './examples.ts';
import { BODY_IS_OPTIONAL, completeDocument, headerComponents } from './headers.ts';
import { describeAccess } from './minimum.ts';
import { exampleProblem } from './problems.ts';
import { problemsOf } from './problems-of-route.ts';
import { securityOf, serviceSecuritySchemes } from './security.ts';

/** The groups of operations, in the order of the document. */
const tags = [
  { name: 'Sign-in', description: 'Become a user and get an access token.' },
  { name: 'Me', description: "The caller's own record." },
  { name: 'Users', description: 'The users of the service.' },
  { name: 'Service accounts', description: 'Users without a password, for programs.' },
  { name: 'API keys', description: 'What programs send in place of an access token.' },
  { name: 'Invitations', description: 'Invitations that an admin sends.' },
  { name: 'Administration', description: 'The control panel, the audit and the settings.' },
  { name: 'Service', description: 'About the service itself.' },
];

/** The beginning of the `$id` of shared schemas: a host may have schemas of the same names. */
const SCHEMA_NAMESPACE = /^latchkey\./;

export interface OpenapiOptions {
  /** The path below which the service is. The paths of the document begin behind it. */
  readonly path: string;
  /** True in a host app, whose own document has only its own routes. */
  readonly isHosted: boolean;
}

/** Generates the OpenAPI document from the routes' schemas and from the access that they declare. */
async function openapi(app: FastifyInstance, { path, isHosted }: OpenapiOptions) {
  const hidden = new WeakSet<object>();
  if (isHosted) app.addHook('onRoute', (route) => hide(route, hidden));
  const { ownProblems } = app;
  const examples = [...slugs, ...ownProblems.keys()].map((slug) => [slug, { value: exampleProblem(slug) }]);
  app.addHook('onRoute', ({ method, url, config }) => {
    const unknown = config?.problems?.find((slug) => !isSlug(slug) && !ownProblems.has(slug));
    if (unknown !== undefined)
      throw new DeclarationError(
        `${method} ${url} lists the problem "${unknown}", which is not declared: add it to the option \`problems\``,
      );
  });
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
        examples: Object.fromEntries(examples),
        securitySchemes: serviceSecuritySchemes,
      },
    },
    convertConstToEnum: false,
    // The paths are without it already, and `/authors` is not below `/auth`.
    stripBasePath: false,
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id.replace(SCHEMA_NAMESPACE, '') : `def-${index}`,
    },
    // A route of an embedding app may have no schema.
    transform: ({ schema: given = {}, url, route }) => {
      const schema = hidden.has(route) ? { ...given, hide: false } : given;
      return { schema: describeRoute(schema, route, app.levels), url: behind(path, url) };
    },
    transformObject: completeDocument([...ownProblems.keys()]),
  });
}

/** Returns a URL behind the path of the service, without a slash at its end. */
function behind(path: string, url: string): string {
  const rest = pathBehind(path, url);
  return rest.length > 1 ? rest.replace(/\/$/, '') : '/';
}

/** Hides a route of the service from the document of a host. */
function hide(route: RouteOptions, hidden: WeakSet<object>): void {
  if (route.schema?.hide === true) return;
  route.schema = { ...route.schema, hide: true };
  hidden.add(route);
}

/** Adds everything that the declaration implies: security, minimum, and the problems of the route. */
function describeRoute(schema: FastifySchema, route: RouteOptions, levels: AccessLevels): FastifySchema {
  const declared = route.config?.[declaration];
  if (schema.hide === true || declared === undefined) return schema;
  const { maxAge, factors, minimum, session } = declared;
  return {
    ...schema,
    description: describeAccess(schema.description, route, declared, levels),
    body: withBodyExample(schema.body),
    querystring: withoutFormExamples(withoutDefaults(schema.querystring)),
    headers: withoutFormExamples(schema.headers),
    params: withoutFormExamples(schema.params),
    response: {
      ...responsesWithExamples(schema.response),
      ...problemResponses(problemsOf(schema, route, declared)),
    },
    security: securityOf(route, declared),
    ...(route.config?.optionalBody && { [BODY_IS_OPTIONAL]: true }),
    ...(minimum !== null && { 'x-minimum-access': minimum }),
    ...(maxAge !== null && { 'x-max-age': maxAge }),
    ...(factors === 2 && { 'x-factors': factors }),
    ...(session && { 'x-session': true }),
  };
}

/** Builds one response for each status; its description lists the problems that share it. */
function problemResponses(slugs: readonly string[]): Record<string, unknown> {
  const byStatus = new Map<number, Map<string, string>>();
  for (const slug of slugs) {
    const { status, title } = requireEntry(slug);
    byStatus.set(status, (byStatus.get(status) ?? new Map()).set(slug, title));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, members]) => [
      status,
      {
        description: [...members].map(([slug, title]) => `\`${slug}\`: ${title}`).join('; '),
        content: {
          'application/problem+json': {
            // For @fastify/swagger, which takes a response without one for a schema. Its own one comes later.
            schema: {},
            examples: Object.fromEntries(
              [...members.keys()].map((slug) => [slug, { $ref: `#/components/examples/${slug}` }]),
            ),
          },
        },
      },
    ]),
  );
}

function responsesWithExamples(response: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(response ?? {}).map(([status, schema]) => [status, withExample(schema)]),
  );
}

export default fp(openapi, { name: 'openapi', fastify: '5.x', dependencies: ['latchkey-access'] });
