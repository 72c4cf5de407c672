import { Ajv, type AnySchema, type KeywordDefinition, str, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/** What Fastify hands to `schemaController.compilersFactory.buildValidator`. */
type SharedSchemas = Readonly<Record<string, AnySchema | AnySchema[]>>;

/**
 * Builds Fastify's validators. Bodies are never coerced and nothing is removed from them (Fastify's defaults drop
 * unknown members and turn `true` into 1); queries and parameters are text, so they are coerced.
 * All errors are reported at once, with the schema, whose description is part of the message.
 */
export function buildValidator(sharedSchemas: SharedSchemas) {
  // Fastify asks for a validator for each plugin that has schemas of its own, and most have only one of the two kinds.
  const body = once(() => createAjv(sharedSchemas, false));
  const text = once(() => createAjv(sharedSchemas, true));
  // Fastify's types say that a schema comes in; what comes is { schema, method, url, httpPart }.
  return (part: AnySchema): ValidateFunction => {
    if (typeof part === 'boolean') throw new TypeError('Expected a part of a route');
    return part.httpPart === 'body' ? body().compile(part.schema) : text().compile(part.schema);
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** As ajv has it, but what is too long for `maxLength` is not searched: all errors are reported, so ajv itself would go on. */
const pattern: KeywordDefinition = {
  keyword: 'pattern',
  type: 'string',
  schemaType: 'string',
  compile: (source: string, { maxLength }) => {
    const expression = new RegExp(source, 'u');
    return (text: string) => isLonger(text, maxLength) || expression.test(text);
  },
  error: { message: ({ schemaCode }) => str`must match pattern "${schemaCode}"` },
};

/** Whether a text has more characters than that, as ajv counts them: a pair of surrogates is one. */
function isLonger(text: string, limit: unknown): boolean {
  if (typeof limit !== 'number' || text.length <= limit) return false;
  return text.length > 2 * limit || [...text].length > limit;
}

function createAjv(sharedSchemas: SharedSchemas, coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    removeAdditional: false,
    useDefaults: true,
    coerceTypes,
    // Text becomes a number that is infinite (1e999), of which ajv then checks no limits unless it is told not to care.
    strictNumbers: !coerceTypes,
    // TypeBox's types have checked the schemas. Compiling the schema of schemas would take a fifth of the start.
    meta: false,
    validateSchema: false,
  });
  formats.default(ajv);
  ajv.removeKeyword('pattern').addKeyword(pattern);
  for (const schema of Object.values(sharedSchemas)) ajv.addSchema(schema);
  return ajv;
}
