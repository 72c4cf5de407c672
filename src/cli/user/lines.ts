import { TextDecoder } from 'node:util';
import type { ImportedLine } from '../../accounts/transfer/import.ts';

/** What a stream of bytes hands out. */
export type Chunks = AsyncIterable<Buffer | string>;

/** Bytes of a line. The longest user has some 2,000; a file without lines must not fill the memory. */
const MAX_LENGTH = 65_536;

const LINE_FEED = 10;

/** The lines of a stream, one at a time, and how many bytes were read so far. */
export interface Lines extends AsyncIterable<ImportedLine> {
  readonly bytes: number;
}

/** Reads lines of UTF-8. Empty ones count, and are left out. */
export function readLines(chunks: Chunks): Lines {
  const at = { bytes: 0, line: 0 };
  return {
    get bytes() {
      return at.bytes;
    },
    [Symbol.asyncIterator]: () => read(chunks, at),
  };
}

async function* read(chunks: Chunks, at: { bytes: number; line: number }): AsyncGenerator<ImportedLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: Buffer[] = [];
  let length = 0;
  const end = (): ImportedLine | undefined => {
    at.line += 1;
    const line = toLine(decoder, at.line, rest, length);
    [rest, length] = [[], 0];
    return line;
  };
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    let from = 0;
    for (let to = bytes.indexOf(LINE_FEED); to !== -1; to = bytes.indexOf(LINE_FEED, from)) {
      length += to - from;
      if (length <= MAX_LENGTH) rest.push(bytes.subarray(from, to));
      from = to + 1;
      const line = end();
      if (line !== undefined) yield line;
    }
    length += bytes.length - from;
    if (length <= MAX_LENGTH) rest.push(bytes.subarray(from));
    else rest = [];
    at.bytes += bytes.length;
  }
  const last = length > 0 ? end() : undefined;
  if (last !== undefined) yield last;
}

function toLine(
  decoder: TextDecoder,
  number: number,
  parts: readonly Buffer[],
  length: number,
): ImportedLine | undefined {
  if (length > MAX_LENGTH) return { number, problem: `has more than ${MAX_LENGTH} bytes` };
  try {
    const text = decoder.decode(Buffer.concat(parts)).trim();
    return text === '' ? undefined : { number, text };
  } catch {
    return { number, problem: 'is not UTF-8' };
  }
}
