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
    // Schemas are JSON by definition, so equal texts are equal schemas.
    const scope = JSON.stringify(sharedSchemas);
    const compile = scopes.get(scope) ?? remember(build(sharedSchemas), keyOf);
    scopes.set(scope, compile);
    return compile;
  };
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
