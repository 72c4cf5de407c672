/** Checks of every response and of every line of the log. They hold for all requests. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { checkAnswer } from '../contract.ts';
import { PASSWORD, PUBLIC_URL } from '../helper.ts';
import type { Operation } from '../operations.ts';
import type { RawAnswer } from '../raw.ts';
import type { FuzzRequest } from './requests.ts';
import type { Exchange, FuzzedService } from './service.ts';
import { MARK } from './template.ts';

/** Level of pino from which a line reports an error of the service itself. */
const ERROR_LEVEL = 50;

const STACK = /\bat [^"\n]*:\d+:\d+|node_modules|\.[tj]s:\d/;
const HASH = /\$argon2/;
const KEY = /-----BEGIN/;

/** Size of a body that does not fit into the buffers of a connection. */
const LARGE_BYTES = 1_000_000;

const ajv = new Ajv2020({ strict: false });
formats.default(ajv);
/** The schemas that bodies refer to. */
const { components } = JSON.parse(readFileSync('openapi/openapi.json', 'utf8'));

/** Checks a response. @throws {Error} when it breaks the contract */
export function checkExchange(
  operation: Operation,
  request: FuzzRequest,
  exchange: Exchange,
  fuzzed: FuzzedService,
): void {
  const { answer, body, bytes } = exchange;
  if (answer === undefined) {
    // A service that refuses a body does not read the rest of it. That may reset the connection before the
    // response is read.
    if (body.length < LARGE_BYTES) throw new Error('The connection was closed without an answer');
    return;
  }
  checkRawAnswer(request.method, request.target, answer, fuzzed);
  checkWhatWasTaken(operation, body, answer);
  const sent = /^Authorization: Bearer (\S+)/im.exec(bytes.toString('latin1', 0, 20_000))?.[1];
  if (sent !== undefined && sent.length > 20 && answer.text.includes(sent))
    throw new Error(`The token comes back: ${answer.text}`);
  if (operation.operationId !== 'getContract' && answer.text.includes(PASSWORD))
    throw new Error(`The password comes back: ${answer.text}`);
}

/** Checks the response to bytes that may not be a request of any operation. */
export function checkRawAnswer(
  method: string,
  target: string,
  answer: RawAnswer,
  { secret, live }: FuzzedService,
): void {
  const { status, text, headers } = answer;
  if (status >= 500 && !/problems\/(busy|mail-not-configured)"/.test(text))
    throw new Error(`${status}: ${text}`);
  checkAnswer(method, target, { statusCode: status, headers, body: text, json: () => JSON.parse(text) });
  for (const field of ['location', 'link'])
    if (!new RegExp(`^<?${PUBLIC_URL}/[a-z]`).test(headers[field] ?? `${PUBLIC_URL}/a`))
      throw new Error(`${field}: ${headers[field]}`);
  const all = `${JSON.stringify(headers)} ${text}`;
  if (/^(https?:\/\/[^/]*)?\/(openapi\.json|docs)/.test(target)) return;
  for (const secretText of [MARK, secret])
    if (all.includes(secretText)) throw new Error(`${secretText} comes back: ${all}`);
  for (const pattern of [STACK, HASH, KEY]) if (pattern.test(all)) throw new Error(`${pattern} is in ${all}`);
  for (const [, run = ''] of text.matchAll(/"(?:accessToken|refreshToken)":"([^"]+)"/g))
    live.secrets.add(run);
}

const validators = new Map<string, ReturnType<typeof ajv.compile>>();

/** Checks that invalid requests have no effect, and that a look-alike address cannot sign in. */
function checkWhatWasTaken(
  { operationId, body }: Operation,
  sent: Buffer,
  { status, text }: RawAnswer,
): void {
  if (body === undefined || status >= 300 || (sent.length === 0 && !body.isRequired)) return;
  const validate = validators.get(operationId) ?? ajv.compile({ ...body.schema, components });
  validators.set(operationId, validate);
  const value: unknown = JSON.parse(sent.toString().replace(/^\ufeff/, ''));
  if (!validate(value))
    throw new Error(`Taken, though it does not fit: ${ajv.errorsText(validate.errors)}: ${text}`);
  if (operationId !== 'signIn') return;
  const { email } = Object(value);
  if (!/^[\x21-\x7e]+$/.test(String(email).trim())) throw new Error(`Signed in as ${JSON.stringify(email)}`);
}

/**
 * Searches the log of a service for errors and secrets.
 *
 * @returns descriptions of the problems
 */
export function searchLog(printed: string, { live, secret }: FuzzedService): string[] {
  const wrong: string[] = [];
  for (const line of printed.split('\n')) {
    if (!line.startsWith('{')) {
      // Lines of the start.
      if (!/^( .*)?$/.test(line)) wrong.push(`This is no line of the log: ${line}`);
    } else wrong.push(...wrongWith(line, live.secrets));
  }
  const said = [MARK, PASSWORD, secret, '$argon2', '-----BEGIN'].filter((text) => printed.includes(text));
  return [...new Set(wrong), ...said.map((text) => `The log says ${text}: ${around(printed, text)}`)];
}

function wrongWith(line: string, secrets: ReadonlySet<string>): string[] {
  const { level } = JSON.parse(line);
  // Tokens are long runs of these characters; refresh tokens and access tokens have dots in them.
  const tokens = (line.match(/[\w.-]{40,}/g) ?? []).filter((run) => secrets.has(run) || /^eyJ/.test(run));
  return [
    ...(level >= ERROR_LEVEL ? [`The service logged an error: ${line}`] : []),
    ...tokens.map((token) => `The log says the token ${token}: ${line}`),
  ];
}

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 300), at + 200);
}
