/** Sorts before every byte of a name, so that `Ann` comes before `Anna`. Names have no control characters. */
const END = '00';

const FIRST_DIGIT = '0';

/** Sorts after every hexadecimal digit. */
const AFTER_ALL_DIGITS = 'g';

/**
 * The beginning of the placeholders that migrations leave to `backfillSortKeys`. They sort after all keys,
 * and no search finds them.
 */
export const AFTER_ALL_KEYS = 'x';

/** Accents, which NFKD has separated from their letters. */
const MARKS = /\p{M}/gu;

/**
 * The key that a name is sorted and searched by: without case and accents, in hexadecimal digits, which both
 * databases sort in the same way for every collation. The user's id follows, so that all keys are different
 * and one column defines the end of a page.
 */
export function nameKey(name: string, id: string): string {
  return `${hex(fold(name))}${END}${id.replaceAll('-', '')}`;
}

/** The key that an address is sorted and searched by. @param email in its stored form */
export function emailKey(email: string): string {
  return hex(email);
}

/** A range of values of a column, including the first and excluding the last. */
export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
}

/** The range of names, or of addresses, that begin with a text. An empty text means all. */
export function keysBeginningWith(text: string): KeyRange {
  const prefix = hex(fold(text));
  return { gte: prefix, lt: prefix + AFTER_ALL_DIGITS };
}

/** The part of a range before a key, and the part after it. */
export function before(key: string, { gte, lt }: KeyRange): KeyRange {
  return { gte, lt: key < lt ? key : lt };
}
export function after(key: string, { gte, lt }: KeyRange): KeyRange {
  const next = key + FIRST_DIGIT;
  return { gte: next > gte ? next : gte, lt };
}

function fold(text: string): string {
  return text.trim().normalize('NFKD').replace(MARKS, '').toLowerCase();
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
