import buildSerializerFactory, {
  type RouteDefinition,
  type SerializerCompiler,
  type SerializerFactory,
} from '@fastify/fast-json-stringify-compiler';
import { shareCompiled } from './compiled-schemas.ts';

/** The shared schemas that Fastify passes to `schemaController.compilersFactory.buildSerializer`. */
type SharedSchemas = Readonly<Record<string, unknown>>;

const IDS = /"\$id":"([^"]+)"/g;
const REFERENCES = /"\$ref":"([^"#]+)/g;

const buildFor: SerializerFactory = buildSerializerFactory();

/**
 * Builds the serializers of the answers, as Fastify does by default. Equal answers share one.
 *
 * fast-json-stringify checks and indexes all shared schemas again for each answer, which took a seventh of
 * the time of a start. It gets only those that the answer refers to.
 */
export const buildSerializer = shareCompiled(
  (sharedSchemas: unknown): SerializerCompiler => {
    const choose = referredTo(Object(sharedSchemas));
    return (part) => buildFor(choose(part.schema))(part);
  },
  ({ schema }: RouteDefinition) => [schema],
);

/** Returns a function that chooses the shared schemas to which a schema refers, directly or indirectly. */
function referredTo(sharedSchemas: SharedSchemas): (schema: unknown) => SharedSchemas {
  const shared = Object.entries(sharedSchemas).map(([key, schema]) => {
    const text = JSON.stringify([schema]);
    return { key, schema, ids: new Set([key, ...find(IDS, text)]), references: find(REFERENCES, text) };
  });
  return (schema) => {
    // Schemas are added to the set while it is read.
    const references = new Set(find(REFERENCES, JSON.stringify([schema])));
    const chosen = new Map<string, unknown>();
    for (const reference of references)
      for (const { key, schema, ids, references: further } of shared) {
        if (chosen.has(key) || !ids.has(reference)) continue;
        chosen.set(key, schema);
        for (const one of further) references.add(one);
      }
    return Object.fromEntries(chosen);
  };
}

function find(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].flatMap(([, name = '']) => name);
}
