import { Ajv, type AnySchema, type KeywordDefinition, str, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { assertSchema } from '../lib/compile-schema.ts';

/** What Fastify hands to `schemaController.compilersFactory.buildValidator`. */
type SharedSchemas = Readonly<Record<string, AnySchema | AnySchema[]>>;

/** Builds the validators of the routes of one scope: of a plugin and what is registered in it. */
type BuildValidator = (sharedSchemas: SharedSchemas) => (part: AnySchema) => ValidateFunction;

/**
 * Makes the factory of Fastify's validators. Fastify asks it for each scope, and most scopes have the same shared schemas: they get the
 * same validators, for a set of them takes milliseconds and half a megabyte.
 */
export function createValidatorFactory(): BuildValidator {
  const known: { readonly sharedSchemas: SharedSchemas; readonly compile: ReturnType<BuildValidator> }[] = [];
  return (sharedSchemas) => {
    const same = known.find((scope) => isEqual(scope.sharedSchemas, sharedSchemas));
    if (same !== undefined) return same.compile;
    const compile = buildValidator(sharedSchemas);
    known.push({ sharedSchemas, compile });
    return compile;
  };
}

/** Whether two scopes have the same schemas: the same objects, under the same names. */
function isEqual(some: SharedSchemas, others: SharedSchemas): boolean {
  const names = Object.keys(some);
  return names.length === Object.keys(others).length && names.every((name) => some[name] === others[name]);
}

/**
 * Bodies are never coerced and nothing is removed from them (Fastify's defaults drop unknown members and turn `true` into 1); queries
 * and parameters are text, so they are coerced. All errors are reported at once, with the schema, whose description is part of the
 * message.
 */
function buildValidator(sharedSchemas: SharedSchemas): ReturnType<BuildValidator> {
  for (const schema of Object.values(sharedSchemas).flat()) assertSchema(schema);
  const body = once(() => createAjv(sharedSchemas, false));
  const text = once(() => createAjv(sharedSchemas, true));
  // Fastify's types say that a schema comes in; what comes is { schema, method, url, httpPart }.
  return (part) => {
    if (typeof part === 'boolean') throw new TypeError('Expected a part of a route');
    assertSchema(part.schema);
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
    // {@link assertSchema} checks the schemas. Each of these would compile the schema of schemas anew.
    meta: false,
    validateSchema: false,
  });
  formats.default(ajv);
  ajv.removeKeyword('pattern').addKeyword(pattern);
  for (const schema of Object.values(sharedSchemas)) ajv.addSchema(schema);
  return ajv;
}
