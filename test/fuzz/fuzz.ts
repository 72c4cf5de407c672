/** The three kinds of fuzzing: of operations, of bytes that are hardly HTTP, and of tokens. */
import type { JsonWebKey } from 'node:crypto';
import fc, { type RunDetails } from 'fast-check';
import type { Operation } from '../operations.ts';
import { type RawAnswer, request as requestBytes, send } from '../raw.ts';
import { checkExchange, checkRawAnswer } from './checks.ts';
import { editsOf, mutationsOf } from './mutated-tokens.ts';
import { addressOf, type RawMessage, rawMessages } from './raw-bytes.ts';
import { goodRequest, requests } from './requests.ts';
import type { FuzzedService } from './service.ts';
import type { Tally } from './tally.ts';
import { render } from './template.ts';

/** Parameters that repeat a run. */
export interface Repeat {
  readonly seed: number;
  /** Path of fast-check to one value of the run. */
  readonly path?: string;
}

/** Number of tokens that are tested at a time. */
const CONCURRENCY = 8;

/** Maximum number of steps to shrink a finding. */
const MAX_SHRINKS = 300;

/** Sends requests of an operation, with the example of the contract first. */
export async function fuzzOperation(
  fuzzed: FuzzedService,
  operation: Operation,
  runs: number,
  { seed, path }: Repeat,
  tally: Tally,
): Promise<void> {
  const { operationId } = operation;
  const property = fc.asyncProperty(fc.limitShrink(requests(operation), MAX_SHRINKS), async (request) => {
    const exchange = await fuzzed.exchange(request);
    const { answer } = exchange;
    tally.count(operationId, answer);
    const cursor = /"nextCursor":"([\w-]+)"/.exec(answer?.text ?? '')?.[1];
    if (cursor !== undefined) fuzzed.live.cursors.set(operationId, cursor);
    checkExchange(operation, request, exchange, fuzzed);
  });
  const examples: [ReturnType<typeof goodRequest>][] = [[goodRequest(operation)]];
  const details = await fc.check(property, {
    numRuns: runs,
    seed,
    examples,
    ...(path !== undefined && { path }),
  });
  report(details, fuzzed, operationId, tally);
}

/** Sends bytes that are hardly HTTP. */
export async function fuzzBytes(
  fuzzed: FuzzedService,
  runs: number,
  { seed, path }: Repeat,
  tally: Tally,
): Promise<void> {
  const property = fc.asyncProperty(fc.limitShrink(rawMessages, MAX_SHRINKS), async (message) => {
    const answer = await sendMessage(fuzzed, message);
    tally.count('bytes', answer);
    if (answer === undefined) return;
    const { method, target } = addressOf(message);
    checkRawAnswer(method, target, answer, fuzzed);
  });
  const details = await fc.check(property, { numRuns: runs, seed, ...(path !== undefined && { path }) });
  report(details, fuzzed, 'bytes', tally);
}

/** Sends bytes. @returns the first response; undefined when the connection was closed without one */
async function sendMessage(
  fuzzed: FuzzedService,
  { line, headers, body }: RawMessage,
): Promise<RawAnswer | undefined> {
  const nothing = async () => undefined;
  const head = await render(`${[line, ...headers].join('\r\n')}\r\n\r\n`, nothing, 'latin1');
  const answer = await fuzzed.send(Buffer.concat([head, await render(body, nothing)]), true);
  const length = answer?.headers['content-length'];
  if (answer === undefined || length === undefined) return answer;
  return { ...answer, text: Buffer.from(answer.text).toString('utf8', 0, Number(length)) };
}

/** Tests mutations of valid tokens: all systematic ones, and random edits up to the requested number. */
export async function fuzzTokens(
  fuzzed: FuzzedService,
  runs: number,
  { seed, path }: Repeat,
  tally: Tally,
): Promise<void> {
  const senders = [await fuzzed.live.sender(2), await fuzzed.live.sender(1), await fuzzed.live.sender(2)];
  const valid = senders.map(({ accessToken }) => accessToken);
  const [token = '', ...others] = valid;
  const isValid = new Set([...valid, ...fuzzed.live.secrets]);
  const { body } = await fuzzed.service.ask('GET', '/.well-known/jwks.json');
  const jwk: JsonWebKey = body.keys[0];

  const refuse = async (candidate: string) => {
    // Spaces around a token are not part of it (RFC 9110 section 5.5).
    if (isValid.has(candidate.replace(/^ +| +$/g, ''))) throw new Error(`Not mutated: ${candidate}`);
    const answer = await sendToken(fuzzed, candidate);
    tally.count('tokens', answer);
    if (![400, 401].includes(answer.status))
      throw new Error(`${answer.status} for ${JSON.stringify(candidate)}: ${answer.text}`);
    checkRawAnswer('GET', '/me/permissions', answer, fuzzed);
  };
  const accept = async () => {
    for (const good of valid) {
      const { status } = await sendToken(fuzzed, good);
      if (status !== 200) tally.find(`A valid token got ${status}`);
    }
  };

  await accept();
  const candidates = mutationsOf(token, others, jwk).filter((candidate) => !isValid.has(candidate.trim()));
  const chosen =
    path === undefined ? candidates.filter((_, at) => (at * runs) % candidates.length < runs) : [];
  for (let at = 0; at < chosen.length; at += CONCURRENCY) {
    const batch = chosen.slice(at, at + CONCURRENCY).map(refuse);
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
  report(details, fuzzed, 'tokens', tally);
  await accept();
}

function sendToken({ service }: FuzzedService, token: string) {
  return send(service.url, requestBytes('GET /me/permissions', { Authorization: `Bearer ${token}` }));
}

function report<T>(details: RunDetails<T>, { name }: FuzzedService, operation: string, tally: Tally): void {
  if (!details.failed) return;
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  tally.find(
    [
      errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      `  ${JSON.stringify(counterexample)}`,
      `  npm run fuzz -- --seed=${seed} --service=${JSON.stringify(name)} --operation=${operation} --path=${counterexamplePath}`,
    ].join('\n'),
  );
}
