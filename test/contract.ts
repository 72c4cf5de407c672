/** Compares every answer of the suite with the committed contract, and searches it for secrets. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { LightMyRequestResponse } from 'fastify';
import { entryOf, isSlug } from '#latchkey/problems/registry.ts';

interface Operation {
  readonly summary: string;
  readonly responses: Record<string, { content?: Record<string, unknown> }>;
}
export interface Contract {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
}

export const contract: Contract = JSON.parse(readFileSync('openapi/openapi.json', 'utf8'));

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(contract, 'contract');

/** An answer of `inject`, or the same members of one that came over a socket. */
export type CheckedAnswer = Pick<LightMyRequestResponse, 'statusCode' | 'headers' | 'body' | 'json'>;

/**
 * Checks an answer.
 *
 * @throws {Error} when the contract does not list the answer for the operation
 */
export function checkAnswer(method: string, url: string, response: CheckedAnswer): void {
  const where = `${method} ${url} -> ${response.statusCode}`;
  if (/\$argon2|"passwordHash"\s*:|node_modules|\.ts:\d/.test(response.body))
    throw new Error(`${where} leaks: ${response.body}`);
  const type = String(response.headers['content-type'] ?? '').split(';')[0] ?? '';
  if (response.statusCode >= 400 && type !== 'application/problem+json')
    throw new Error(`${where} is no problem but ${type}`);
  if (method === 'HEAD') return;
  if (type === 'application/problem+json') checkField(where, response);
  const path = findPath(pathOf(url));
  const operation = path === undefined ? undefined : contract.paths[path]?.[method.toLowerCase()];
  if (path === undefined || operation === undefined) {
    // Own routes of a test may have problems of their own.
    if (type === 'application/problem+json' && isSlug(response.json().slug ?? ''))
      validate(where, '#/components/schemas/Problem', response);
    return;
  }
  const listed = operation.responses[response.statusCode];
  // A malformed URL or malformed HTTP never reaches its operation.
  if (
    type === 'application/problem+json' &&
    /"slug":"(bad-url|bad-request|headers-too-large|request-timeout)"/.test(response.body)
  ) {
    validate(where, '#/components/schemas/Problem', response);
    return;
  }
  if (listed === undefined)
    throw new Error(`${where} is a status that the contract does not list: ${response.body}`);
  if (listed.content === undefined) {
    if (response.body !== '') throw new Error(`${where} has a body, which the contract does not list`);
    return;
  }
  if (!(type in listed.content)) throw new Error(`${where} is ${type}, which the contract does not list`);
  const pointer = [
    'paths',
    path,
    method.toLowerCase(),
    'responses',
    String(response.statusCode),
    'content',
    type,
    'schema',
  ];
  validate(where, `#/${pointer.map(escapeToken).join('/')}`, response);
}

/** Returns the header fields of a problem in the contract. */
function checkField(where: string, response: CheckedAnswer): void {
  const { slug = '' } = response.json();
  const field = isSlug(slug) ? entryOf(slug).field : undefined;
  if (field !== undefined && !response.headers[field.toLowerCase()])
    throw new Error(`${where} lacks ${field}: ${response.body}`);
}

function validate(where: string, pointer: string, response: CheckedAnswer): void {
  const check = ajv.getSchema(`contract${pointer}`);
  if (check === undefined) throw new Error(`The contract has no ${pointer}`);
  if (!check(response.json()))
    throw new Error(`${where} does not fit the contract: ${ajv.errorsText(check.errors)}\n${response.body}`);
}

/** Reads a path like the router: dots and percent signs are unchanged, and an origin before it is ignored. */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/, '').split(/[?#]/, 1)[0] ?? '';
}

function findPath(pathname: string): string | undefined {
  const plain = pathname.replace(/(?<=.)\/$/, '');
  if (plain in contract.paths) return plain;
  return Object.keys(contract.paths).find((path) =>
    new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
}

/** Writes the token of a JSON Pointer in a URI fragment. */
function escapeToken(token: string): string {
  return encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1'));
}
