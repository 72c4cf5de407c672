import type { SwaggerTransformObject } from '@fastify/swagger';
import { EMAIL_FORMAT } from '../../../lib/email-address.ts';
import { CHECKED_PATTERN } from '../../../lib/pattern-keyword.ts';
import { findEntry } from '../../../problems/own-problems.ts';
import type { ProblemField } from '../../../problems/registry.ts';
import { problemSchemas, problemUnion } from './problems.ts';

/** Components of the OpenAPI document: header fields of all operations. */
export const headerComponents = {
  RequestId: {
    description:
      'Finds the request in the log. A request may send its own in a header of the same name: 1 to 64 letters, digits and `._:=+/-`',
    schema: { type: 'string' },
    example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  },
  RetryAfter: {
    description:
      'Seconds after which another attempt makes sense. Where several problems have the status, not all of them have this header',
    schema: { type: 'integer' },
    example: 1,
  },
  WwwAuthenticate: {
    description:
      'The challenge of RFC 6750 section 3, and for `recent-sign-in-required` that of RFC 9470. Where several problems have the status, not all of them have this header',
    schema: { type: 'string' },
    example: 'Bearer realm="latchkey", error="invalid_token"',
  },
} as const;

type Component = keyof typeof headerComponents;

const components: Readonly<Record<ProblemField, Component>> = {
  'Retry-After': 'RetryAfter',
  'WWW-Authenticate': 'WwwAuthenticate',
};

/**
 * The mark of an operation with an optional body, until {@link completeDocument} replaces it with the words
 * of OpenAPI.
 */
export const BODY_IS_OPTIONAL = 'x-body-is-optional';

/**
 * Completes the OpenAPI document: every answer has a request id, a problem names the field that says more,
 * and a body may be optional, because @fastify/swagger makes every body required. Problems get their schemas,
 * and the patterns that only the service checks are left out.
 */
export const completeDocument =
  (ownSlugs: readonly string[]): SwaggerTransformObject =>
  (document) => {
    if (!('openapiObject' in document)) return document.swaggerObject;
    const { openapiObject } = document;
    for (const path of Object.values(openapiObject.paths ?? {}))
      for (const operation of Object.values(path ?? {})) {
        markOptionalBody(operation);
        for (const answer of answersOf(operation)) {
          const media = mediaOfProblems(answer);
          if (media !== undefined)
            Object.assign(media, { schema: problemUnion(Object.keys(media.examples)) });
          Object.assign(answer, {
            headers: {
              ...headersOf(answer),
              ...headersOfProblems(answer),
              'X-Request-Id': Ref('RequestId'),
            },
          });
        }
      }
    Object.assign(Object(openapiObject.components?.schemas), problemSchemas(ownSlugs));
    removeCheckedPatterns(openapiObject);
    return openapiObject;
  };

function removeCheckedPatterns(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Reflect.deleteProperty(value, CHECKED_PATTERN);
  // The pattern says the same, and few tools know the format.
  if ('format' in value && value.format === EMAIL_FORMAT) Reflect.deleteProperty(value, 'format');
  for (const member of Object.values(value)) removeCheckedPatterns(member);
}

function markOptionalBody(operation: unknown): void {
  if (typeof operation !== 'object' || operation === null || !(BODY_IS_OPTIONAL in operation)) return;
  Reflect.deleteProperty(operation, BODY_IS_OPTIONAL);
  if ('requestBody' in operation) Object.assign(Object(operation.requestBody), { required: false });
}

function Ref(component: Component) {
  return { $ref: `#/components/headers/${component}` };
}

function answersOf(operation: unknown): object[] {
  if (typeof operation !== 'object' || operation === null || !('responses' in operation)) return [];
  return Object.values(Object(operation.responses));
}

function headersOf(answer: object): object {
  return 'headers' in answer ? Object(answer.headers) : {};
}

/** Returns the problems of an answer: its examples have their names. */
function mediaOfProblems(answer: object): { readonly examples: object } | undefined {
  return 'content' in answer ? Object(answer.content)['application/problem+json'] : undefined;
}

/** Returns the header fields of the problems of an answer, which are its examples. */
function headersOfProblems(answer: object): object {
  const fields = Object.keys(mediaOfProblems(answer)?.examples ?? {}).flatMap(
    (slug) => findEntry(slug)?.field ?? [],
  );
  return Object.fromEntries(fields.map((field) => [field, Ref(components[field])]));
}
