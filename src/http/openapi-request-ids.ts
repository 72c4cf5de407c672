import type { SwaggerTransformObject } from '@fastify/swagger';

/** The component that {@link withRequestIds} refers to. */
export const requestIdHeader = {
  description:
    'Finds the request in the log. A request may bring its own in a header of the same name: 1 to 64 letters, digits and `._:=+/-`',
  schema: { type: 'string' },
  example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
} as const;

const reference = { $ref: '#/components/headers/RequestId' };

/** Says of every answer of the OpenAPI document that it has a request id. */
export const withRequestIds: SwaggerTransformObject = (document) => {
  if (!('openapiObject' in document)) return document.swaggerObject;
  const { openapiObject } = document;
  for (const path of Object.values(openapiObject.paths ?? {}))
    for (const operation of Object.values(path ?? {}))
      for (const answer of answersOf(operation))
        Object.assign(answer, { headers: { ...headersOf(answer), 'X-Request-Id': reference } });
  return openapiObject;
};

function answersOf(operation: unknown): object[] {
  if (typeof operation !== 'object' || operation === null || !('responses' in operation)) return [];
  return Object.values(Object(operation.responses));
}

function headersOf(answer: object): object {
  return 'headers' in answer ? Object(answer.headers) : {};
}
