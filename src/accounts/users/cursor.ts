import { invalidQuery } from '../../problems/problem.ts';
import type { UserSort } from './schemas.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SORT_KEY = /^(?:[0-9a-f]{2})+$/;

/**
 * Encodes the end of a page. The cursor is opaque to clients, so its contents can change. It is valid for one
 * sort.
 */
export function encodeCursor(sort: UserSort, position: string): string {
  return Buffer.from(`${sort}:${position}`).toString('base64url');
}

/**
 * Decodes a cursor.
 *
 * @returns the last listed value of the column that the list is sorted by
 * @throws {Problem} `validation-failed` for an invalid cursor, or one of another sort
 */
export function decodeCursor(sort: UserSort, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  const colon = text.indexOf(':');
  const position = text.slice(colon + 1);
  const pattern = sort.endsWith('createdAt') ? UUID : SORT_KEY;
  const isOurs = pattern.test(position) && encodeCursor(sort, position) === cursor;
  if (isOurs) return position;
  throw invalidQuery(
    'cursor',
    'format',
    'is not a cursor that an earlier page of this sort gave as nextCursor',
  );
}
