import { TextDecoder } from 'node:util';
import type { ImportedLine } from '../../accounts/transfer/import.ts';
import { DataError } from '../../db/data-error.ts';

/** The chunks of a stream. */
export type Chunks = AsyncIterable<Buffer | string>;

/**
 * Maximum length of a line. The longest user needs about 2,000 bytes; a file without line breaks must not
 * fill the memory.
 */
const MAX_LINE_BYTES = 65_536;

/** Enough of the first line to tell what the file is. */
const HEAD_BYTES = 100;

const LINE_FEED = 10;

/** The lines of a stream, one at a time, and the number of bytes read so far. */
export interface Lines extends AsyncIterable<ImportedLine> {
  readonly bytes: number;
}

/**
 * Reads lines of UTF-8. Empty lines are skipped, but count in the line numbers.
 *
 * @throws {DataError} while it reads, when the stream is a JSON array or one object over several lines
 */
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
  let isFirst = true;
  const end = (): ImportedLine | undefined => {
    at.line += 1;
    if (isFirst) requireLines(rest);
    isFirst &&= length === 0;
    const line = toLine(decoder, at.line, rest, length);
    [rest, length] = [[], 0];
    return line;
  };
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    let from = 0;
    for (let to = bytes.indexOf(LINE_FEED); to !== -1; to = bytes.indexOf(LINE_FEED, from)) {
      length += to - from;
      if (length <= MAX_LINE_BYTES) rest.push(bytes.subarray(from, to));
      from = to + 1;
      const line = end();
      if (line !== undefined) yield line;
    }
    length += bytes.length - from;
    if (length <= MAX_LINE_BYTES) rest.push(bytes.subarray(from));
    else {
      if (isFirst) requireLines([...rest, bytes.subarray(from)]);
      [rest, isFirst] = [[], false];
    }
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
  if (length > MAX_LINE_BYTES) return { number, problem: `has more than ${MAX_LINE_BYTES} bytes` };
  try {
    const text = decoder.decode(Buffer.concat(parts)).trim();
    return text === '' ? undefined : { number, text };
  } catch {
    return { number, problem: 'is not UTF-8' };
  }
}

/** @throws {DataError} when the first line begins an array, or an object that goes on in the next line */
function requireLines(firstLine: readonly Buffer[]): void {
  const text = Buffer.concat(firstLine).toString('utf8', 0, HEAD_BYTES).trim();
  if (!text.startsWith('[') && text !== '{') return;
  const what = text === '{' ? 'one JSON object over several lines' : 'a JSON array';
  throw new DataError(
    `This is ${what}. The import reads JSON Lines, one object on each line: convert an array with  jq -c '.[]' users.json > users.jsonl`,
  );
}
