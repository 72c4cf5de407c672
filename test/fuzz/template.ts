/**
 * Texts with places that are filled when they are sent: `⟦user⟧` with the id of an existing user,
 * `⟦long 70000⟧` with that number of letters. So fuzzed requests stay short, can be shrunk and repeated.
 */

/** The mark in every generated password and token, so that a leak of one can be found. */
export const MARK = 'hush-7f3a91';

const PLACE = /⟦([\w-]+)(?: ([\w-]+))?⟧/g;

/** Returns the value of a place; undefined for an unknown one. */
export type Fill = (name: string, argument: string) => Promise<string | undefined>;

const constants: Readonly<Record<string, (argument: string) => Buffer>> = {
  /** Repeats a letter. */
  long: (size) => letters(Number(size)),
  /** Nests arrays. */
  deep: (levels) => Buffer.from('['.repeat(Number(levels)) + ']'.repeat(Number(levels))),
  /** Nests arrays that are never closed. */
  open: (levels) => Buffer.from('{"a":'.repeat(Number(levels))),
  /** Writes bytes from hexadecimal digits: invalid UTF-8. */
  bytes: (digits) => Buffer.from(digits, 'hex'),
};

/** Cache of the largest values. */
const kept = new Map<number, Buffer>();

function letters(size: number): Buffer {
  const known = kept.get(size) ?? Buffer.alloc(size, 'a');
  kept.set(size, known);
  return known;
}

/** Fills a text. @throws {Error} for an unknown place */
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

/** Encodes a text as a part of a URL; its places stay. */
export function encodeAround(text: string): string {
  return text
    .split(/(⟦[^⟧]*⟧)/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(Buffer.from(part).toString())))
    .join('');
}
