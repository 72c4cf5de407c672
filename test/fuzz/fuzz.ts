/** The three kinds of fuzzing: of operations, of bytes that are hardly HTTP, and of tokens. */
import type { JsonWebKey } from 'node:crypto';
import fc, { type RunDetails } from 'fast-check';
import type { Operation } from '../operations.ts';
import { type RawAnswer, request as requestBytes, send } from '../raw.ts';
import { checkExchange, checkRawAnswer } from './checks.ts';
import type { House } from './house.ts';
import { editsOf, mutationsOf } from './mutated-tokens.ts';
import { addressOf, type RawMessage, rawMessages } from './raw-bytes.ts';
import { goodRequest, requests } from './requests.ts';
import type { Tally } from './tally.ts';
import { render } from './template.ts';

/** How a run is repeated. */
export interface Repeat {
  readonly seed: number;
  /** Of fast-check: leads to one value of the run. */
  readonly path?: string;
}

/** Tokens that are tried at a time. */
const AT_A_TIME = 8;

/** Steps after which a finding is short enough. */
const SHRINKS = 300;

/** Sends requests of an operation, the contract's example first. */
export async function fuzzOperation(
  house: House,
  operation: Operation,
  runs: number,
  { seed, path }: Repeat,
  tally: Tally,
): Promise<void> {
  const { operationId } = operation;
  const property = fc.asyncProperty(fc.limitShrink(requests(operation), SHRINKS), async (request) => {
    const exchange = await house.exchange(request);
    const { answer } = exchange;
    tally.count(operationId, answer);
    const cursor = /"nextCursor":"([\w-]+)"/.exec(answer?.text ?? '')?.[1];
    if (cursor !== undefined) house.live.cursors.set(operationId, cursor);
    checkExchange(operation, request, exchange, house);
  });
  const examples: [ReturnType<typeof goodRequest>][] = [[goodRequest(operation)]];
  const details = await fc.check(property, {
    numRuns: runs,
    seed,
    examples,
    ...(path !== undefined && { path }),
  });
  report(details, house, operationId, tally);
}

/** Sends bytes that are hardly HTTP. */
export async function fuzzBytes(
  house: House,
  runs: number,
  { seed, path }: Repeat,
  tally: Tally,
): Promise<void> {
  const property = fc.asyncProperty(fc.limitShrink(rawMessages, SHRINKS), async (message) => {
    const answer = await sendMessage(house, message);
    tally.count('bytes', answer);
    if (answer === undefined) return;
    const { method, target } = addressOf(message);
    checkRawAnswer(method, target, answer, house);
  });
  const details = await fc.check(property, { numRuns: runs, seed, ...(path !== undefined && { path }) });
  report(details, house, 'bytes', tally);
}

/** @returns the first of the answers; undefined when the connection was closed without one */
async function sendMessage(
  house: House,
  { line, headers, body }: RawMessage,
): Promise<RawAnswer | undefined> {
  const nothing = async () => undefined;
  const head = await render(`${[line, ...headers].join('\r\n')}\r\n\r\n`, nothing, 'latin1');
  const answer = await house.send(Buffer.concat([head, await render(body, nothing)]), true);
  const length = answer?.headers['content-length'];
  if (answer === undefined || length === undefined) return answer;
  return { ...answer, text: Buffer.from(answer.text).toString('utf8', 0, Number(length)) };
}

/** Tries what valid tokens can be turned into: all of the systematic changes, and random edits up to the number that was asked for. */
export async function fuzzTokens(
  house: House,
  runs: number,
  { seed, path }: Repeat,
  tally: Tally,
): Promise<void> {
  const senders = [await house.live.sender(2), await house.live.sender(1), await house.live.sender(2)];
  const valid = senders.map(({ accessToken }) => accessToken);
  const [token = '', ...others] = valid;
  const isValid = new Set([...valid, ...house.live.secrets]);
  const { body } = await house.service.ask('GET', '/.well-known/jwks.json');
  const jwk: JsonWebKey = body.keys[0];

  const refuse = async (candidate: string) => {
    // Spaces around a token are not part of it (RFC 9110 section 5.5).
    if (isValid.has(candidate.replace(/^ +| +$/g, ''))) throw new Error(`Not mutated: ${candidate}`);
    const answer = await sendToken(house, candidate);
    tally.count('tokens', answer);
    if (![400, 401].includes(answer.status))
      throw new Error(`${answer.status} for ${JSON.stringify(candidate)}: ${answer.text}`);
    checkRawAnswer('GET', '/me/permissions', answer, house);
  };
  const accept = async () => {
    for (const good of valid) {
      const { status } = await sendToken(house, good);
      if (status !== 200) tally.find(`A valid token got ${status}`);
    }
  };

  await accept();
  const candidates = mutationsOf(token, others, jwk).filter((candidate) => !isValid.has(candidate.trim()));
  const chosen =
    path === undefined ? candidates.filter((_, at) => (at * runs) % candidates.length < runs) : [];
  for (let at = 0; at < chosen.length; at += AT_A_TIME) {
    const batch = chosen.slice(at, at + AT_A_TIME).map(refuse);
    for (const result of await Promise.allSettled(batch))
      if (result.status === 'rejected') tally.find(`${result.reason}`);
  }
  const edits = editsOf(token).filter((candidate) => !isValid.has(candidate.trim()));
  const numRuns = Math.max(1, runs - chosen.length);
  const details = await fc.check(fc.asyncProperty(edits, refuse), {
    numRuns,
    seed,
    ...(path !== undefined && { path }),
  });
  report(details, house, 'tokens', tally);
  await accept();
}

function sendToken({ service }: House, token: string) {
  return send(service.url, requestBytes('GET /me/permissions', { Authorization: `Bearer ${token}` }));
}

function report<T>(details: RunDetails<T>, { name }: House, operation: string, tally: Tally): void {
  if (!details.failed) return;
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  tally.find(
    [
      errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      `  ${JSON.stringify(counterexample)}`,
      `  npm run fuzz -- --seed=${seed} --house=${JSON.stringify(name)} --operation=${operation} --path=${counterexamplePath}`,
    ].join('\n'),
  );
}
