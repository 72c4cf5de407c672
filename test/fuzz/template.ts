/**
 * Texts with places that are filled when they are sent: `⟦user⟧` with the id of a user who is there, `⟦long 70000⟧` with so many
 * letters. What is fuzzed stays short to read and to shrink, and is the same whenever it is repeated.
 */

/** Stands in every password and token that is made up, so that it is found wherever it should not be. */
export const MARK = 'hush-7f3a91';

const PLACE = /⟦([\w-]+)(?: ([\w-]+))?⟧/g;

/** Says what a place is filled with; undefined for one that it does not know. */
export type Fill = (name: string, argument: string) => Promise<string | undefined>;

const constants: Readonly<Record<string, (argument: string) => Buffer>> = {
  /** So many letters. */
  long: (size) => letters(Number(size)),
  /** So many arrays, one in the other. */
  deep: (levels) => Buffer.from('['.repeat(Number(levels)) + ']'.repeat(Number(levels))),
  /** Such that are never closed. */
  open: (levels) => Buffer.from('{"a":'.repeat(Number(levels))),
  /** Bytes in hexadecimal digits: what is no UTF-8. */
  bytes: (digits) => Buffer.from(digits, 'hex'),
};

/** The largest are worth keeping. */
const kept = new Map<number, Buffer>();

function letters(size: number): Buffer {
  const known = kept.get(size) ?? Buffer.alloc(size, 'a');
  kept.set(size, known);
  return known;
}

/** Fills a text. @throws {Error} for a place that nobody knows */
export async function render(text: string, fill: Fill, encoding: BufferEncoding = 'utf8'): Promise<Buffer> {
  const parts: Buffer[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACE)) {
    const [place, name = '', argument = ''] = match;
    parts.push(Buffer.from(text.slice(at, match.index), encoding));
    const value = constants[name]?.(argument) ?? (await fill(name, argument));
    if (value === undefined) throw new Error(`Nobody knows what ${place} is`);
    parts.push(Buffer.from(value));
    at = match.index + place.length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(at), encoding)]);
}

/** A text as a part of a URL; its places stay. */
export function encodeAround(text: string): string {
  return text
    .split(/(⟦[^⟧]*⟧)/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(Buffer.from(part).toString())))
    .join('');
}
