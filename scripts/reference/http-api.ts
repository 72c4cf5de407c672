import { readFileSync } from 'node:fs';
import { code, type Parts, table } from './fill-in.ts';
import { describeType, type Schema } from './schema-type.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly 'x-minimum-access'?: number;
}

interface Contract {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Names of the default levels, which the committed contract has. */
const LEVELS = ['guest', 'user', 'admin'];

/** The table of the operations, each of them, and the schemas that they share: all of the contract. */
export function describeHttpApi(): Parts {
  const contract: Contract = JSON.parse(readFileSync('openapi/openapi.json', 'utf8'));
  const operations = Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      request: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const rows = contract.tags.flatMap(({ name }) =>
    operations
      .filter(({ operation }) => operation.tags[0] === name)
      .map(({ request, operation }) => [
        `[${code(request)}](#${anchorOf(request)})`,
        accessOf(operation),
        operation.summary,
      ]),
  );
  const sections = contract.tags.map(({ name, description }) => {
    const members = operations.filter(({ operation }) => operation.tags[0] === name);
    const texts = members.map(({ request, operation }) => describeOperation(request, operation));
    return [`## ${name}`, description, ...texts].join('\n\n');
  });
  const schemas = Object.entries(contract.components.schemas)
    .filter(([name]) => !name.endsWith('Problem'))
    .map(([name, schema]) => [`### ${name}`, schema.description ?? '', membersOf(schema)].join('\n\n'));
  return {
    operations: table(['request', 'access', 'meaning'], rows),
    details: sections.join('\n\n'),
    schemas: schemas.join('\n\n'),
  };
}

/** Returns the anchor that GitHub gives to a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

function accessOf({ 'x-minimum-access': minimum }: Operation): string {
  return minimum === undefined ? 'public' : (LEVELS[minimum] ?? String(minimum));
}

function describeOperation(request: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  return [
    `### ${code(request)}`,
    `${summary}.`,
    description ?? '',
    ...(parameters.length === 0 ? [] : [parametersOf(parameters)]),
    ...(body === undefined ? [] : ['Members of the body:', membersOf(body)]),
    table(
      ['status', 'answer'],
      Object.entries(responses).map(([status, answer]) => [status, answer.description]),
    ),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function parametersOf(parameters: readonly Parameter[]): string {
  return table(
    ['parameter', 'in', 'type', 'meaning'],
    parameters.map(({ name, in: place, required = false, schema, description = '' }) => [
      code(name) + (required ? '' : ' (optional)'),
      place,
      describeType(schema),
      description,
    ]),
  );
}

function membersOf(schema: Schema): string {
  const { properties, required = [] } = schema;
  if (properties === undefined) return describeType(schema);
  return table(
    ['member', 'type', 'meaning'],
    Object.entries(properties).map(([name, member]) => [
      code(name) + (required.includes(name) ? '' : ' (optional)'),
      describeType(member),
      member.description ?? '',
    ]),
  );
}
