import { type Static, type TSchema, Type } from 'typebox';

/**
 * Makes a Ref to a shared schema that keeps its type. An embedded schema with an `$id` would be written out
 * again at each use, and generated clients would get a type for each.
 *
 * @throws {Error} when the schema has no `$id`
 */
export function Ref<Schema extends TSchema>(schema: Schema) {
  if (!('$id' in schema)) throw new Error('A shared schema has an $id');
  return Type.Unsafe<Static<Schema>>({ $ref: `${String(schema.$id)}#` });
}

/** The Location header of a 201: the URL of the new resource (RFC 9110 section 10.2.2). */
export const Location = (what: string) => Type.String({ format: 'uri', description: `URL of ${what}` });

/** The Link header of a page that has a next page (RFC 8288). */
export const NextPage = Type.String({
  description: '`<URL of the next page>; rel="next"`; not on the last one',
});

/** The number of items of a page, in the query of a list. */
export const PageLimit = (items: string) =>
  Type.Integer({ minimum: 1, maximum: 100, default: 20, description: `${items} per page`, examples: [20] });

/** The cursor of a page of events, in the query of a list. */
export const EventCursor = Type.String({ description: '`nextCursor` of the page before', maxLength: 200 });

/** The cursor of the next page, in the answer of a list. */
export const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: 'send it as `cursor` for the next page; null on the last one',
});

/** The schema of a 204. */
export const NoContent = (description: string) => Type.Null({ description });
