import { code } from './fill-in.ts';

/** The members of a JSON Schema that the pages show. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** Describes a schema in a few words: `string, 1 to 100 characters`, `User or null`. */
export function describeType(schema: Schema): string {
  const { $ref, anyOf, oneOf, items, default: byDefault } = schema;
  if ($ref !== undefined) return nameOf($ref);
  const alternatives = anyOf ?? oneOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(describeType))].join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (items !== undefined) return `list of ${describeType(items)}`;
  const parts = [schema.format ?? schema.type ?? 'any', rangeOf(schema)];
  if (byDefault !== undefined) parts.push(`default ${code(String(byDefault))}`);
  return parts.filter((part) => part !== '').join(', ');
}

function rangeOf({ minimum, maximum, minLength, maxLength }: Schema): string {
  const isText = minLength !== undefined || maxLength !== undefined;
  const [least, most] = isText ? [minLength, maxLength] : [minimum, maximum];
  const unit = isText ? ' characters' : '';
  if (least !== undefined && most !== undefined) return `${least} to ${most}${unit}`;
  if (least !== undefined) return `at least ${least}${unit}`;
  return most === undefined ? '' : `at most ${most}${unit}`;
}

/** A schema of the contract is a section of the page. */
function nameOf(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return name.endsWith('Problem')
    ? `[${code(name)}](problems.md)`
    : `[${code(name)}](#${name.toLowerCase()})`;
}
