/** Lists the operations of the committed contract, for tests of all of them. */
import { readFileSync } from 'node:fs';

/** The parts of JSON Schema that the contract uses. */
export interface Schema {
  readonly type?: string;
  readonly const?: string | number;
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
  readonly items?: Schema;
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
  /** True where API keys are refused. */
  readonly session: boolean;
  readonly parameters: readonly Parameter[];
  readonly body?: Body;
}

interface Described {
  readonly operationId: string;
  readonly 'x-minimum-access'?: number;
  readonly 'x-session'?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, Omit<Body, 'isRequired'>>>;
  };
}

interface Contract {
  readonly paths: Record<string, Record<string, Described>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}
const document: Contract = JSON.parse(readFileSync('openapi/openapi.json', 'utf8'));

/** Writes the shared schemas of a body into it. */
function withoutRefs<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema), (_, value) => {
    const shared = /^#\/components\/schemas\/(\w+)$/.exec(value?.$ref ?? '')?.[1];
    return shared === undefined ? value : withoutRefs(document.components.schemas[shared]);
  });
}

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
      session: described['x-session'] === true,
      parameters: described.parameters ?? [],
      ...(body !== undefined && {
        body: {
          ...body,
          schema: withoutRefs(body.schema),
          isRequired: described.requestBody?.required === true,
        },
      }),
    };
  }),
);

/** Returns the URL of an operation with one value in place of each parameter of its path. */
export function fillPath({ path }: Pick<Operation, 'path'>, value: string): string {
  return path.replace(/\{\w+\}/g, encodeURIComponent(value));
}
