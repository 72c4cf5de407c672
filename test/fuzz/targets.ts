/** Targets of the requests of an operation: path and query. */
import fc, { type Arbitrary } from 'fast-check';
import type { Operation, Parameter } from '../operations.ts';
import { validInteger, validText } from './bodies.ts';
import { hostileText, rawSegments } from './hostile.ts';
import { encodeAround, MARK } from './template.ts';

/** Existing values for the parameters of a path. */
const present: Readonly<Record<string, string>> = {
  '/users/{id}': '⟦user⟧',
  '/users/{id}/sessions': '⟦user⟧',
  '/users/{id}/sessions/{sessionId}': '⟦user⟧/sessions/⟦sessionOfOwner⟧',
  '/users/{id}/authenticators': '⟦user⟧',
  '/users/{id}/api-keys': '⟦user⟧',
  '/users/{id}/api-keys/{keyId}': '⟦user⟧/api-keys/⟦key⟧',
  '/me/api-keys/{id}': '⟦ownKey⟧',
  '/service-accounts/{id}': '⟦service⟧',
  '/service-accounts/{id}/api-keys': '⟦service⟧',
  '/service-accounts/{id}/api-keys/{keyId}': '⟦service⟧/api-keys/⟦key⟧',
  '/me/sessions/{id}': '⟦session⟧',
  '/me/passkeys/{id}': '⟦passkeyId⟧',
  '/invitations/{id}': '⟦invitation⟧',
  '/invitations/{id}/resend': '⟦invitation⟧',
  '/problems/{slug}': 'not-found',
};

/** Operations whose sender has a second factor: the place gives one, and is filled with nothing. */
const preparations: Readonly<Record<string, string>> = {
  deleteTotp: '?⟦secondFactor⟧',
  renewRecoveryCodes: '?⟦secondFactor⟧',
  requestReauthenticationOptions: '?⟦addPasskey⟧',
};

/**
 * Makes the path of an operation to existing things.
 *
 * @throws {Error} for a parameter without a known value
 */
export function goodTarget({ operationId, path }: Operation): string {
  const there = present[path];
  if (path.includes('{') && there === undefined)
    throw new Error(`Say in ${import.meta.filename} what is there at ${path}`);
  // Of two parameters, the value is what is from the first to the last.
  return path.replace(/\{.*\}/, there ?? '') + (preparations[operationId] ?? '');
}

/** Generates a value with a probability in percent. */
export function sometimes<T>(arbitrary: Arbitrary<T>, percent: number): Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
    { weight: percent, arbitrary },
  );
}

/** Generates a valid parameter of the query. */
function validPair({ operationId }: Operation, { name, schema }: Parameter): Arbitrary<string> {
  if (name === 'cursor') return fc.constant(`cursor=⟦cursor ${operationId}⟧`);
  const isNumber = schema.type === 'integer' && schema.enum === undefined;
  const value = isNumber ? validInteger(schema).map(String) : validText(schema);
  return value.map((text) => `${name}=${encodeAround(text)}`);
}

/** Generates any parameter of the query. */
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

/** Generates targets of an operation: its path and a query. Most are valid, or nearly. */
export function targets(operation: Operation): Arbitrary<string> {
  return fc
    .tuple(paths(operation), queries(operation))
    .map(([path, query]) => (query === '' ? path : `${path}?${query}`));
}

function queries(operation: Operation): Arbitrary<string> {
  const own = operation.parameters.filter((parameter) => parameter.in === 'query');
  const valid = own.map((parameter) => sometimes(validPair(operation, parameter), 40));
  const strange = fc.constantFrom(...strangePairs);
  const wrong = fc.oneof(strange, ...own.map((parameter) => hostilePair(operation, parameter)));
  const pairs = fc.tuple(...valid, sometimes(wrong, own.length === 0 ? 20 : 40));
  return pairs.map((all) => all.filter((pair) => pair !== undefined).join('&'));
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
