import { randomBytes } from 'node:crypto';

/** Hexadecimal digits of an id: 96 bits, so that no two are the same whatever process made them, and an answer stays short. */
const LENGTH = 24;

/** Ids that are drawn at a time, for each draw costs as much as fifty ids. */
const DRAWN = 256;

let pool = '';
let used = 0;

/** A new id of a request, 24 hexadecimal digits. */
export function newRequestId(): string {
  if (used === pool.length) {
    pool = randomBytes((LENGTH * DRAWN) / 2).toString('hex');
    used = 0;
  }
  const from = used;
  used += LENGTH;
  return pool.slice(from, used);
}
