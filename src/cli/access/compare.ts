import { Type } from 'typebox';
import type { AccessLevel } from '../../config/index.ts';
import { DataError } from '../../db/data-error.ts';
import { compile } from '../../lib/compile-schema.ts';

/** Checks the parts of an OpenAPI document that say who may call an operation. */
const isDocument = compile(
  Type.Object({ paths: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())) }),
);

const isDescribedOperation = compile(
  Type.Object({
    operationId: Type.Optional(Type.String()),
    'x-minimum-access': Type.Optional(Type.Integer()),
    'x-max-age': Type.Optional(Type.Number()),
    'x-factors': Type.Optional(Type.Integer()),
    'x-session': Type.Optional(Type.Boolean()),
  }),
);

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'patch', 'options', 'head']);

/** The conditions of an operation. */
export interface Conditions {
  /** The level that it needs; null when it is public. */
  readonly minimum: number | null;
  /** Seconds that may have passed since the sign-in; null where there is no limit. */
  readonly maxAge: number | null;
  readonly factors: number;
  /** True where API keys are refused. */
  readonly session: boolean;
}

/** A change of the access to one operation. */
export interface OperationChange {
  /** `METHOD /path` */
  readonly operation: string;
  readonly operationId: string | null;
  /** Null for an operation that is new, or gone. */
  readonly before: Conditions | null;
  readonly after: Conditions | null;
  /** Levels that could not call it before, ascending by number; `null` is a caller without a token. */
  readonly opened: readonly (AccessLevel | null)[];
  readonly closed: readonly (AccessLevel | null)[];
  /** Conditions other than the level that ask for less than before, and for more. */
  readonly eased: readonly ('maxAge' | 'factors' | 'session')[];
  readonly tightened: readonly ('maxAge' | 'factors' | 'session')[];
}

/**
 * Compares the access of two OpenAPI documents.
 *
 * @param levels ascending by number
 * @throws {DataError} when one of them is no OpenAPI document
 */
export function compareAccess(
  before: unknown,
  after: unknown,
  levels: readonly AccessLevel[],
): OperationChange[] {
  const [old, next] = [readOperations(before), readOperations(after)];
  const names = [...new Set([...old.keys(), ...next.keys()])].sort();
  return names
    .map((name) => compareOperation(name, old.get(name), next.get(name), levels))
    .filter((change) => isChange(change));
}

/** Tells whether a change gives a level more than before. */
export function opens({ opened, eased }: OperationChange): boolean {
  return opened.length > 0 || eased.length > 0;
}

interface Described extends Conditions {
  readonly operationId: string | null;
}

function readOperations(document: unknown): ReadonlyMap<string, Described> {
  if (!isDocument(document)) throw new DataError('this is no OpenAPI document: it has no paths');
  const found = new Map<string, Described>();
  for (const [path, item] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(item)) {
      if (!METHODS.has(method) || !isDescribedOperation(operation)) continue;
      found.set(`${method.toUpperCase()} ${path}`, {
        operationId: operation.operationId ?? null,
        minimum: operation['x-minimum-access'] ?? null,
        maxAge: operation['x-max-age'] ?? null,
        factors: operation['x-factors'] ?? 1,
        session: operation['x-session'] ?? false,
      });
    }
  return found;
}

function compareOperation(
  operation: string,
  before: Described | undefined,
  after: Described | undefined,
  levels: readonly AccessLevel[],
): OperationChange {
  const callers = [null, ...levels];
  const may = (conditions: Conditions | undefined, caller: AccessLevel | null) =>
    conditions !== undefined &&
    (conditions.minimum === null || (caller !== null && caller.number >= conditions.minimum));
  return {
    operation,
    operationId: (after ?? before)?.operationId ?? null,
    before: toConditions(before),
    after: toConditions(after),
    opened: callers.filter((caller) => !may(before, caller) && may(after, caller)),
    closed: callers.filter((caller) => may(before, caller) && !may(after, caller)),
    eased: compareConditions(before, after),
    tightened: compareConditions(after, before),
  };
}

/** Lists the conditions that ask for less in the second one. A public operation has none. */
function compareConditions(first: Conditions | undefined, second: Conditions | undefined) {
  if (first === undefined || second === undefined || first.minimum === null || second.minimum === null)
    return [];
  const names: ('maxAge' | 'factors' | 'session')[] = [];
  if ((first.maxAge ?? Number.POSITIVE_INFINITY) < (second.maxAge ?? Number.POSITIVE_INFINITY))
    names.push('maxAge');
  if (first.factors > second.factors) names.push('factors');
  if (first.session && !second.session) names.push('session');
  return names;
}

function toConditions(described: Described | undefined): Conditions | null {
  if (described === undefined) return null;
  const { minimum, maxAge, factors, session } = described;
  return { minimum, maxAge, factors, session };
}

function isChange({ opened, closed, eased, tightened }: OperationChange): boolean {
  return [opened, closed, eased, tightened].some((list) => list.length > 0);
}
