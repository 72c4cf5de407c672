import { type Static, type TSchema, Type } from 'typebox';

/**
 * A Ref to a shared schema that keeps its type: embedded schemas with an `$id` would be written out again
 * at each use, and generated clients would get a type for each.
 *
 * @throws {Error} when the schema has no `$id`
 */
export function Ref<Schema extends TSchema>(schema: Schema) {
  if (!('$id' in schema)) throw new Error('A shared schema has an $id');
  return Type.Unsafe<Static<Schema>>({ $ref: `${String(schema.$id)}#` });
}

/** The header of a 201 that says where the new thing is (RFC 9110 section 10.2.2). */
export const Location = (what: string) => Type.String({ format: 'uri', description: `URL of ${what}` });

/** The header of a page that has one after it (RFC 8288). */
export const NextPage = Type.String({
  description: '`<URL of the next page>; rel="next"`; not on the last one',
});

/** The answer of a 204. */
export const NoContent = (description: string) => Type.Null({ description });
