/** Compiles one part of a route, for example its body or one of its answers. */
type Compile<Part, Compiled> = (part: Part) => Compiled;

/**
 * Makes a factory of Fastify (`schemaController.compilersFactory`) whose results are shared by equal schemas
 * of the whole process. Fastify calls a factory for each scope, and its result for each part of each route.
 * Most parts are equal to another one: HEAD has the schemas of GET, many routes have the same parameters, and
 * an app that is built again in the same process, as tests do, has the routes of the first.
 *
 * @param build makes the compiler of a scope from its shared schemas
 * @param keyOf lists what the result depends on, besides the shared schemas
 */
export function shareCompiled<Shared, Part, Compiled>(
  build: (sharedSchemas: Shared) => Compile<Part, Compiled>,
  keyOf: (part: Part) => readonly unknown[],
): (sharedSchemas: Shared) => Compile<Part, Compiled> {
  const scopes = new Map<string, Compile<Part, Compiled>>();
  return (sharedSchemas) => {
    const scope = JSON.stringify(
      Object.entries(Object(sharedSchemas)).map(([key, it]) => [key, numberOf(it)]),
    );
    const compile = scopes.get(scope) ?? remember(build(sharedSchemas), keyOf);
    scopes.set(scope, compile);
    return compile;
  };
}

const numbersByText = new Map<string, number>();
const numbers = new WeakMap<object, number>();

/**
 * Returns the same number for equal schemas. All scopes of an app have the same objects, which would
 * otherwise be written out for each of them.
 */
function numberOf(schema: unknown): number {
  const it: object = Object(schema);
  const known = numbers.get(it);
  if (known !== undefined) return known;
  // Schemas are JSON by definition, so equal texts are equal schemas.
  const text = JSON.stringify(schema);
  const number = numbersByText.get(text) ?? numbersByText.size;
  numbersByText.set(text, number);
  numbers.set(it, number);
  return number;
}

function remember<Part, Compiled>(
  compile: Compile<Part, Compiled>,
  keyOf: (part: Part) => readonly unknown[],
): Compile<Part, Compiled> {
  const known = new Map<string, Compiled>();
  return (part) => {
    const key = JSON.stringify(keyOf(part));
    const compiled = known.get(key) ?? compile(part);
    known.set(key, compiled);
    return compiled;
  };
}
