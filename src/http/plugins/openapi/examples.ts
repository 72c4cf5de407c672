type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Adds an example of the whole to a schema, built from the examples of its parts.
 *
 * @returns the schema unchanged when a part has no example, or when it is a Ref: the shared schema has its
 *   own
 */
export function withExample(schema: unknown): unknown {
  if (!isSchema(schema) || schema.type !== 'object') return schema;
  const example = exampleOf(schema);
  return example === undefined ? schema : { ...schema, examples: [example] };
}

function exampleOf(schema: unknown): unknown {
  if (!isSchema(schema)) return undefined;
  if (Array.isArray(schema.examples)) return schema.examples[0];
  if ('const' in schema) return schema.const;
  if (schema.type === 'array') {
    const item = exampleOf(schema.items);
    return item === undefined ? undefined : [item];
  }
  if (schema.type !== 'object' || !isSchema(schema.properties)) return undefined;
  const members = Object.entries(schema.properties).map(
    ([name, property]) => [name, exampleOf(property)] as const,
  );
  return members.every(([, value]) => value !== undefined) ? Object.fromEntries(members) : undefined;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}
