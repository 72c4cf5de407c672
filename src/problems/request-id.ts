import { randomBytes } from 'node:crypto';

/**
 * Hexadecimal digits of an id: 96 bits, so that the ids of all processes are unique and an answer stays
 * short.
 */
const ID_LENGTH = 24;

/** Ids for which random bytes are drawn at a time, because each draw costs as much as fifty ids. */
const IDS_PER_DRAW = 256;

let pool = '';
let used = 0;

/** Makes a new id of a request, 24 hexadecimal digits. */
export function newRequestId(): string {
  if (used === pool.length) {
    pool = randomBytes((ID_LENGTH * IDS_PER_DRAW) / 2).toString('hex');
    used = 0;
  }
  const from = used;
  used += ID_LENGTH;
  return pool.slice(from, used);
}
