/** Requests of an operation, generated from the contract. */
import fc, { type Arbitrary } from 'fast-check';
import type { Operation } from '../operations.ts';
import { bodies, goodBody, validText } from './bodies.ts';
import { hostileHeaders } from './hostile-headers.ts';
import { goodTarget, sometimes, targets } from './targets.ts';
import { MARK } from './template.ts';

/** Sender of a request; `nobody` sends no token. */
export const callers = ['nobody', 'guest', 'user', 'admin'] as const;
export type Caller = (typeof callers)[number];

/** A request, with the places of template.ts in its texts. */
export interface FuzzRequest {
  readonly caller: Caller;
  readonly method: string;
  /** Path and query of the URL. */
  readonly target: string;
  /** Headers in addition to those of every request. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** Returns the minimum level of a caller. */
function leastCaller({ minimum }: Operation): Caller {
  return callers[minimum === null ? 0 : minimum + 1] ?? 'admin';
}

/** Makes the request with the example of the contract, from an authorized sender. */
export function goodRequest(operation: Operation): FuzzRequest {
  return {
    caller: leastCaller(operation),
    method: operation.method,
    target: goodTarget(operation),
    headers: [],
    ...(operation.body !== undefined && { body: goodBody({ ...operation, body: operation.body }) }),
  };
}

/** Headers with invalid tokens, or with tokens in an invalid form. */
const strangeAuthorizations = [
  ...[
    'Bearer',
    'Bearer ',
    `Bearer ${MARK}`,
    `Bearer ${MARK} ${MARK}`,
    `Basic ${MARK}`,
    `bearer\t${MARK}`,
    `${MARK}`,
  ],
  ...[
    `Bearer ${MARK}.${MARK}.${MARK}`,
    'Bearer e30.e30.e30',
    'Bearer ⟦long 9000⟧',
    `Bearer ${MARK}\u00ff`,
    'Bearer ..',
    '',
  ],
];

function headers(operation: Operation): Arbitrary<FuzzRequest['headers']> {
  const own = operation.parameters
    .filter((parameter) => parameter.in === 'header')
    .map(({ name, schema }) => validText(schema).map((text) => [name, text] as const));
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...hostileHeaders) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...strangeAuthorizations).map((text) => ['Authorization', text] as const),
    },
    { weight: 2, arbitrary: fc.ipV4().map((ip) => ['X-Forwarded-For', ip] as const) },
    ...own.map((arbitrary) => ({ weight: 9, arbitrary })),
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(one, { minLength: 1, maxLength: 2 }) },
  );
}

/** Generates requests of an operation. Most have an authorized sender. */
export function requests(operation: Operation): Arbitrary<FuzzRequest> {
  const { body, method } = operation;
  const least = callers.indexOf(leastCaller(operation));
  const strangeBodies = fc.constantFrom('{}', '', '[', '{"id":"⟦user⟧"}', '⟦long 70000⟧');
  const bodyArbitrary =
    body === undefined ? sometimes(strangeBodies, 10) : sometimes(bodies({ ...operation, body }), 97);
  return fc
    .record({
      caller: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...callers.slice(least)) },
        { weight: 1, arbitrary: fc.constantFrom(...callers) },
      ),
      target: targets(operation),
      headers: headers(operation),
      body: bodyArbitrary,
    })
    .map(({ body: text, ...rest }) => ({ ...rest, method, ...(text !== undefined && { body: text }) }));
}
