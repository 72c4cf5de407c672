/** Requests of an operation, from its place in the contract. */
import fc, { type Arbitrary } from 'fast-check';
import type { Operation, Parameter } from '../operations.ts';
import { bodies, goodBody, validInteger, validText } from './bodies.ts';
import { hostileHeaders, hostileText, rawSegments } from './hostile.ts';
import { encodeAround, MARK } from './template.ts';

/** Whose token is sent; `nobody`'s is none. */
export const callers = ['nobody', 'guest', 'user', 'admin'] as const;
export type Caller = (typeof callers)[number];

/** A request, with the places of template.ts in all its texts. */
export interface FuzzRequest {
  readonly caller: Caller;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Beside those that every request has. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** What is there in place of a parameter of the path. */
const present: Readonly<Record<string, string>> = {
  '/users/{id}': '⟦user⟧',
  '/users/{id}/sessions': '⟦user⟧',
  '/me/sessions/{id}': '⟦session⟧',
  '/invitations/{id}': '⟦invitation⟧',
  '/invitations/{id}/resend': '⟦invitation⟧',
  '/problems/{slug}': 'not-found',
};

function goodTarget({ path }: Operation): string {
  const there = present[path];
  if (path.includes('{') && there === undefined)
    throw new Error(`Say in ${import.meta.filename} what is there at ${path}`);
  return path.replace(/\{\w+\}/, there ?? '');
}

/** The least that a caller has to be. */
function leastCaller({ minimum }: Operation): Caller {
  return callers[minimum === null ? 0 : minimum + 1] ?? 'admin';
}

/** The contract's example, sent by somebody who may. */
export function goodRequest(operation: Operation): FuzzRequest {
  return {
    caller: leastCaller(operation),
    method: operation.method,
    target: goodTarget(operation),
    headers: [],
    ...(operation.body !== undefined && { body: goodBody({ ...operation, body: operation.body }) }),
  };
}

/** A parameter of the query that fits. */
function validPair({ operationId }: Operation, { name, schema }: Parameter): Arbitrary<string> {
  if (name === 'cursor') return fc.constant(`cursor=⟦cursor ${operationId}⟧`);
  const isNumber = schema.type === 'integer' && schema.enum === undefined;
  const value = isNumber ? validInteger(schema).map(String) : validText(schema);
  return value.map((text) => `${name}=${encodeAround(text)}`);
}

/** A parameter of the query that may be anything. */
function hostilePair({ operationId }: Operation, { name }: Parameter): Arbitrary<string> {
  const cursor = fc.oneof(
    fc.constantFrom(`⟦cursor ${operationId}⟧A`, '⟦user⟧'),
    hostileText.map((text) => Buffer.from(text).toString('base64url')),
    fc.string().map((text) => Buffer.from(`createdAt:${text}`).toString('base64url')),
  );
  const value = name === 'cursor' ? fc.oneof(cursor, hostileText) : hostileText;
  const encoded = fc.oneof(
    { weight: 8, arbitrary: value.map(encodeAround) },
    { weight: 1, arbitrary: fc.constantFrom(...rawSegments) },
  );
  return fc.oneof(
    { weight: 10, arbitrary: encoded.map((text) => `${name}=${text}`) },
    { weight: 1, arbitrary: encoded.map((text) => `${name}=${text}&${name}=${text}`) },
    { weight: 1, arbitrary: encoded.map((text) => `${name}[]=${text}`) },
    { weight: 1, arbitrary: fc.constant(name) },
  );
}

const strangePairs = [
  ...[
    `access_token=${MARK}`,
    `password=${MARK}`,
    '__proto__[access]=2',
    'constructor.prototype.access=2',
    '%00=%00',
    '%',
  ],
  ...['=', '&&&&', 'a'.repeat(500), '⟦long 9000⟧', 'access=2', 'id=⟦user⟧', '%ff=%ff', 'a[0][b]=c', '#', '?'],
];

function queries(operation: Operation): Arbitrary<string> {
  const own = operation.parameters.filter((parameter) => parameter.in === 'query');
  const valid = own.map((parameter) =>
    fc.option(validPair(operation, parameter), { nil: undefined, freq: 1 }),
  );
  const wrong = fc.oneof(
    fc.constantFrom(...strangePairs),
    ...own.map((parameter) => hostilePair(operation, parameter)),
  );
  const one = fc.option(wrong, { nil: undefined, freq: 1 });
  const all =
    own.length === 0 ? fc.tuple(fc.option(one, { nil: undefined, freq: 1 })) : fc.tuple(...valid, one);
  return all.map((pairs) => pairs.filter((pair) => pair !== undefined).join('&'));
}

function paths(operation: Operation): Arbitrary<string> {
  const good = goodTarget(operation);
  const likeIt = [
    `${good}/`,
    good.replace(/^\/[a-z]+/, (first) => first.toUpperCase()),
    `http://evil.example${good}`,
    `//evil.example${good}`,
  ];
  const whole = fc.oneof({ weight: 20, arbitrary: fc.constant(good) }, fc.constantFrom(...likeIt));
  if (!operation.path.includes('{')) return whole;
  const segment = fc.oneof(
    { weight: 2, arbitrary: fc.uuid() },
    { weight: 2, arbitrary: fc.constantFrom('⟦user⟧', '⟦session⟧', '⟦invitation⟧', '⟦self⟧') },
    { weight: 3, arbitrary: hostileText.map(encodeAround) },
    { weight: 3, arbitrary: fc.constantFrom(...rawSegments) },
  );
  return fc.oneof(
    { weight: 3, arbitrary: whole },
    { weight: 2, arbitrary: segment.map((text) => operation.path.replace(/\{\w+\}/, () => text)) },
  );
}

/** Tokens that are none of ours, or are sent in a way that is none. */
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

/** Requests of an operation. Most of them are sent by somebody who may. */
export function requests(operation: Operation): Arbitrary<FuzzRequest> {
  const { body, method } = operation;
  const least = callers.indexOf(leastCaller(operation));
  const asked = queries(operation);
  const bodyArbitrary =
    body === undefined
      ? fc.option(fc.constantFrom('{}', '', '[', '{"id":"⟦user⟧"}', '⟦long 70000⟧'), {
          nil: undefined,
          freq: 10,
        })
      : fc.option(bodies({ ...operation, body }), { nil: undefined, freq: 40 });
  return fc
    .record({
      caller: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...callers.slice(least)) },
        { weight: 1, arbitrary: fc.constantFrom(...callers) },
      ),
      path: paths(operation),
      query: asked,
      headers: headers(operation),
      body: bodyArbitrary,
    })
    .map(({ path, query, body: text, ...rest }) => ({
      ...rest,
      method,
      target: query === '' ? path : `${path}?${query}`,
      ...(text !== undefined && { body: text }),
    }));
}
