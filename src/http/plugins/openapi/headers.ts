import type { SwaggerTransformObject } from '@fastify/swagger';
import { entryOf, isSlug, type ProblemField } from '../../../problems/registry.ts';

/** Components of the OpenAPI document: the header fields that answers of any operation have. */
export const headerComponents = {
  RequestId: {
    description:
      'Finds the request in the log. A request may bring its own in a header of the same name: 1 to 64 letters, digits and `._:=+/-`',
    schema: { type: 'string' },
    example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  },
  RetryAfter: {
    description:
      'Seconds after which it is worth trying again. Where several problems have the status, not all of them say it',
    schema: { type: 'integer' },
    example: 1,
  },
  WwwAuthenticate: {
    description:
      'The challenge of RFC 6750 section 3, and for `recent-sign-in-required` that of RFC 9470. Where several problems have the status, not all of them say it',
    schema: { type: 'string' },
    example: 'Bearer realm="latchkey", error="invalid_token"',
  },
} as const;

type Component = keyof typeof headerComponents;

const components: Readonly<Record<ProblemField, Component>> = {
  'Retry-After': 'RetryAfter',
  'WWW-Authenticate': 'WwwAuthenticate',
};

/** Of an operation whose body may be left out, until {@link completeDocument} says so in OpenAPI's words. */
export const BODY_IS_OPTIONAL = 'x-body-is-optional';

/**
 * Says of every answer of the OpenAPI document that it has a request id, and of problems which field says more; and of bodies that
 * may be left out that they may, for @fastify/swagger takes every body to be required.
 */
export const completeDocument: SwaggerTransformObject = (document) => {
  if (!('openapiObject' in document)) return document.swaggerObject;
  const { openapiObject } = document;
  for (const path of Object.values(openapiObject.paths ?? {}))
    for (const operation of Object.values(path ?? {})) {
      settleBody(operation);
      for (const answer of answersOf(operation))
        Object.assign(answer, {
          headers: {
            ...headersOf(answer),
            ...headersOfProblems(answer),
            'X-Request-Id': Ref('RequestId'),
          },
        });
    }
  return openapiObject;
};

function settleBody(operation: unknown): void {
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

/** The problems of an answer are its examples. */
function headersOfProblems(answer: object): object {
  const content = 'content' in answer ? Object(answer.content)['application/problem+json'] : undefined;
  const fields = Object.keys(Object(content?.examples))
    .filter(isSlug)
    .flatMap((slug) => entryOf(slug).field ?? []);
  return Object.fromEntries(fields.map((field) => [field, Ref(components[field])]));
}
