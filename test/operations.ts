/** Lists the operations of the committed contract, for tests of all of them. */
import { readFileSync } from 'node:fs';

/** The parts of JSON Schema that the contract uses. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly (string | number)[];
  readonly anyOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

/** The schema of the body of a write. */
export interface Body {
  readonly schema: Schema;
  readonly example: Readonly<Record<string, unknown>>;
  readonly isRequired: boolean;
}

export interface Operation {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path, with its parameters in braces. */
  readonly path: string;
  /** The access level that it needs; null when it is public. */
  readonly minimum: number | null;
  readonly parameters: readonly Parameter[];
  readonly body?: Body;
}

interface Described {
  readonly operationId: string;
  readonly 'x-minimum-access'?: number;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, Omit<Body, 'isRequired'>>>;
  };
}

const document: { paths: Record<string, Record<string, Described>> } = JSON.parse(
  readFileSync('openapi/openapi.json', 'utf8'),
);

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, described]) => {
    const body = described.requestBody?.content['application/json'];
    if (described.requestBody !== undefined && body?.example === undefined)
      throw new Error(`${described.operationId} takes a body, and the contract has no example of it`);
    return {
      operationId: described.operationId,
      method: method.toUpperCase() as Operation['method'],
      path,
      minimum: described['x-minimum-access'] ?? null,
      parameters: described.parameters ?? [],
      ...(body !== undefined && { body: { ...body, isRequired: described.requestBody?.required === true } }),
    };
  }),
);

/** Returns the URL of an operation with one value in place of each parameter of its path. */
export function fillPath({ path }: Pick<Operation, 'path'>, value: string): string {
  return path.replace(/\{\w+\}/g, encodeURIComponent(value));
}
