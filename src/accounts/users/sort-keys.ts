/** Sorts before every byte of a name, so that `Ann` comes before `Anna`. Names have no control characters. */
const END = '00';

const FIRST_DIGIT = '0';

/** Sorts after every hexadecimal digit. */
const AFTER_ALL_DIGITS = 'g';

/** Keys that migrations leave to `foldNames` begin with it: they come after all others, and no search finds them. */
export const AFTER_ALL_KEYS = 'x';

/** Accents, which NFKD has taken apart from their letters. */
const MARKS = /\p{M}/gu;

/**
 * What a name is sorted and searched by: without case and accents, in hexadecimal digits, which both databases sort alike
 * whatever their collation; then the user's id, so that no two are the same and one column says where a page ends.
 */
export function nameKey(name: string, id: string): string {
  return `${hex(fold(name))}${END}${id.replaceAll('-', '')}`;
}

/** What an address is sorted and searched by. @param email in its stored form */
export function emailKey(email: string): string {
  return hex(email);
}

/** Values of a column: from the first to before the last. */
export interface Span {
  readonly gte: string;
  readonly lt: string;
}

/** The keys of the names, or of the addresses, that begin with a text; of all for an empty one. */
export function keysBeginningWith(text: string): Span {
  const prefix = hex(fold(text));
  return { gte: prefix, lt: prefix + AFTER_ALL_DIGITS };
}

/** What comes before a key in a span, or after it. */
export function before(key: string, { gte, lt }: Span): Span {
  return { gte, lt: key < lt ? key : lt };
}
export function after(key: string, { gte, lt }: Span): Span {
  const next = key + FIRST_DIGIT;
  return { gte: next > gte ? next : gte, lt };
}

function fold(text: string): string {
  return text.trim().normalize('NFKD').replace(MARKS, '').toLowerCase();
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
