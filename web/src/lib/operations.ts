import type { paths } from '@latchkey/client';

type Permissions = paths['/me/permissions']['get']['responses'][200]['content']['application/json'];

/** An operation of the service, and what the reader may do with it. */
export type Operation = Permissions['permissions'][number];

/** Writes the id of an operation as words: `listUsers` is `List users`. */
export function toWords(operationId: string): string {
  const words = operationId.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Tells whether a level may use an operation. */
export const isOpenTo = ({ minimum }: Operation, access: number): boolean =>
  minimum === null || access >= minimum;

/** Tells whether all words of a search are somewhere in an operation. */
export function hasText({ operationId, method, path }: Operation, search: string): boolean {
  const text = `${operationId} ${toWords(operationId)} ${method} ${path}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
