import type { Introspection } from './contract.ts';

/** Everything of an API key that is needed to check it at each use. */
export interface KeyAnswer {
  readonly sub: string;
  readonly key: string;
  readonly cap: number;
  readonly gen: number;
  readonly exp: number;
  readonly operations: readonly string[];
  readonly owner: NonNullable<Introspection['owner']>;
}

/**
 * Reads an answer of `POST /introspect` with `purpose=cache`.
 *
 * @returns undefined for a key that is not valid
 * @throws {Error} for an answer of another form or another issuer, and for an access token
 */
export function readKeyAnswer(value: unknown, issuer: string): KeyAnswer | undefined {
  if (Object(value).active === false) return undefined;
  if (!isKeyAnswer(value) || Object(value).iss !== issuer)
    throw new Error('The answer is not one of the introspection of Latchkey');
  const { sub, key, cap, gen, exp, operations, owner } = value;
  return { sub, key, cap, gen, exp, operations, owner };
}

function isKeyAnswer(value: unknown): value is KeyAnswer {
  const { active, sub, key, cap, gen, exp, operations, owner } = Object(value);
  const { service, access, permanent_access, access_until } = Object(owner);
  const isCount = (number: unknown) => Number.isSafeInteger(number) && Number(number) >= 0;
  const isText = (text: unknown) => typeof text === 'string' && text !== '';
  return (
    active === true &&
    [sub, key].every(isText) &&
    [cap, gen, exp, access, permanent_access].every(isCount) &&
    (access_until === undefined || isCount(access_until)) &&
    Array.isArray(operations) &&
    operations.every(isText) &&
    typeof service === 'boolean'
  );
}
