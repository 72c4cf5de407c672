import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { assertSchema } from '../lib/compile-schema.ts';
import { EMAIL_FORMAT, isConvertible } from '../lib/email-address.ts';
import { once } from '../lib/once.ts';
import { patternKeywords } from '../lib/pattern-keyword.ts';
import { shareCompiled } from './compiled-schemas.ts';

/** The shared schemas that Fastify passes to `schemaController.compilersFactory.buildValidator`. */
type SharedSchemas = Readonly<Record<string, unknown>>;

/**
 * Builds the validators of one scope: a plugin and everything registered in it. Bodies are never coerced and
 * nothing is removed from them (Fastify's defaults drop unknown members and turn `true` into 1). Queries and
 * parameters are text, so they are coerced. All errors are reported at once, with the schema, whose
 * description is part of the message.
 */
function buildForScope(sharedSchemas: SharedSchemas): (part: AnySchema) => ValidateFunction {
  const shared = Object.values(sharedSchemas)
    .flat()
    .filter((schema) => typeof schema === 'object' && schema !== null);
  for (const schema of shared) assertSchema(schema);
  const body = once(() => createAjv(shared, false));
  const text = once(() => createAjv(shared, true));
  return (part) => {
    if (typeof part === 'boolean') throw new TypeError('Expected a part of a route');
    assertSchema(part.schema);
    return part.httpPart === 'body' ? body().compile(part.schema) : text().compile(part.schema);
  };
}

/** Builds the validators of the routes. Equal parts of routes share one. */
export const buildValidator = shareCompiled(buildForScope, (part) =>
  // By Fastify's types the argument is a schema; in fact it is { schema, method, url, httpPart }.
  typeof part === 'boolean' ? [] : [part.schema, part.httpPart === 'body'],
);

function createAjv(shared: readonly object[], coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    removeAdditional: false,
    useDefaults: true,
    coerceTypes,
    // Text may become an infinite number (1e999). Without strictNumbers: false, ajv does not check its
    // limits.
    strictNumbers: !coerceTypes,
    // {@link assertSchema} checks the schemas. Each ajv would otherwise compile the meta-schema again.
    meta: false,
    validateSchema: false,
  });
  formats.default(ajv);
  ajv.addFormat(EMAIL_FORMAT, isConvertible);
  ajv.removeKeyword('pattern').addVocabulary([...patternKeywords]);
  for (const schema of shared) ajv.addSchema(schema);
  return ajv;
}
