import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AccessLevel, readConfig } from '../../config/index.ts';
import { DataError } from '../../db/data-error.ts';
import { codeOf } from '../../lib/error-code.ts';
import { print } from '../print.ts';
import { readContract } from '../service/contract.ts';
import { compareAccess, type OperationChange, opens } from './compare.ts';
import { countHolders, type Holders } from './count-holders.ts';

/** Exit code: something opened. */
const OPENED = 3;

/** Options on the command line. */
export interface AccessPlanOptions {
  readonly against: string;
  readonly document?: string;
  readonly json?: boolean;
}

type Counts = ReadonlyMap<number, Holders> | undefined;

/**
 * Runs `latchkey access plan`. Sets the exit code 3 when something opened.
 *
 * @throws {DataError} when a file cannot be read or is no OpenAPI document
 */
export async function planFromCommandLine({ against, document, json }: AccessPlanOptions): Promise<void> {
  const config = readConfig();
  const before = await readDocument(against);
  const after = document === undefined ? await readContract() : await readDocument(document);
  const changes = compareAccess(before, after, config.accessLevels);
  const counts = await countHolders(config);
  const opened = changes.some(opens);
  if (json) {
    const shown = changes.map((change) => ({
      ...change,
      opened: change.opened.map((level) => withHolders(level, counts)),
      closed: change.closed.map((level) => withHolders(level, counts)),
    }));
    await print(`${JSON.stringify({ opened, changes: shown })}\n`);
  } else {
    const text =
      changes.length === 0
        ? 'Nobody gets or loses access.'
        : changes.flatMap((one) => describe(one, counts)).join('\n');
    await print(`${text}\n`);
  }
  if (opened) process.exitCode = OPENED;
}

async function readDocument(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(resolve(file), 'utf8'));
  } catch (error) {
    const reason = codeOf(error) ?? 'it is not JSON';
    throw new DataError(`${file} cannot be read: ${reason}`, { cause: error });
  }
}

/** Describes a change in lines that begin with `+` where it opens and with `-` where it closes something. */
function describe(change: OperationChange, counts: Counts): string[] {
  const { operation, operationId, before, after, opened, closed, eased, tightened } = change;
  const state = before === null ? ', new' : after === null ? ', gone' : '';
  return [
    `${operation} (${operationId ?? 'without operationId'}${state})`,
    ...opened.map((level) => `  + ${describeLevel(level, counts)}`),
    ...closed.map((level) => `  - ${describeLevel(level, counts)}`),
    ...eased.map((name) => `  + ${name}: ${before?.[name]} -> ${after?.[name]}`),
    ...tightened.map((name) => `  - ${name}: ${before?.[name]} -> ${after?.[name]}`),
  ];
}

function describeLevel(level: AccessLevel | null, counts: Counts): string {
  if (level === null) return 'everybody, without a token';
  const { name, number } = level;
  const holders = counts?.get(number);
  return `${name} (${number})${holders === undefined ? '' : `: ${holders.people} people, ${holders.keys} API keys`}`;
}

function withHolders(level: AccessLevel | null, counts: Counts) {
  if (level === null) return { level: null, name: null, people: null, keys: null };
  const { people = null, keys = null } = counts?.get(level.number) ?? {};
  return { level: level.number, name: level.name, people, keys };
}
