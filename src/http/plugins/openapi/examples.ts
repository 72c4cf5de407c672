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

/**
 * Adds an example to the schema of a body: its required members alone, unless the schema has an example. A
 * client that sends it as it is then asks for nothing special, such as a token of a lower level.
 */
export function withBodyExample(schema: unknown): unknown {
  if (!isSchema(schema) || Array.isArray(schema.examples) || !isSchema(schema.properties)) return schema;
  const required = new Set([schema.required ?? []].flat());
  const properties = Object.entries(schema.properties).filter(([name]) => required.has(name));
  const example = exampleOf({ ...schema, properties: Object.fromEntries(properties) });
  return example === undefined ? schema : { ...schema, examples: [example] };
}

/**
 * Removes the examples of optional parameters, and of ids. Pages like /docs put an example into the form, and
 * send it: a search would find nothing, and no user has the id.
 */
export function withoutFormExamples(schema: unknown): unknown {
  if (!isSchema(schema) || !isSchema(schema.properties)) return schema;
  const required = new Set([schema.required ?? []].flat());
  const properties = Object.entries(schema.properties).map(([name, property]) => {
    const isSent = required.has(name) && Object(property).format !== 'uuid';
    return [name, isSent ? property : withoutExamples(property)] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

/**
 * Removes parameters with a default from `required`. TypeBox requires them, because handlers always get them.
 */
export function withoutDefaults(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || !('required' in schema) || !('properties' in schema))
    return schema;
  const properties = Object(schema.properties);
  const required = [schema.required]
    .flat()
    .filter((name) => !('default' in Object(properties[String(name)])));
  return { ...schema, required };
}

function withoutExamples(schema: unknown): unknown {
  if (!isSchema(schema)) return schema;
  const { examples: _, ...rest } = schema;
  return rest;
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
