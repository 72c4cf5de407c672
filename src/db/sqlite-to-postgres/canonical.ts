import { createHash } from 'node:crypto';
import { DataError } from '../data-error.ts';
import type { Column, Table } from './tables.ts';

/** Value in the common form of both databases. Times are milliseconds since 1970, in UTC. */
export type Value = string | number | boolean | null;

const INTEGER_LIMIT = 2 ** 31;

/** Number of 32-bit words in a SHA-256. */
const DIGEST_WORDS = 8;

/**
 * Converts a value from SQLite's driver into the canonical form. SQLite stores booleans as 0 and 1, and times
 * as texts in ISO 8601.
 *
 * @param place names the row in errors
 * @throws {DataError} for values that Postgres cannot store
 */
export function canonical({ name, kind }: Column, value: unknown, place: () => string): Value {
  if (value === null) return null;
  const refuse = (problem: string) =>
    new DataError(`${place()}: ${name} ${problem}, which Postgres cannot hold: change it first`);
  if (kind === 'text' && typeof value === 'string') {
    if (value.includes('\0')) throw refuse('has a NUL character');
    return value;
  }
  if (kind === 'time') {
    const time = typeof value === 'string' ? parseTime(value) : value;
    if (typeof time === 'number' && Number.isSafeInteger(time)) return time;
    throw refuse('is not a time');
  }
  if (typeof value !== 'number') throw refuse(`is not of type ${kind}`);
  if (kind === 'boolean' && (value === 0 || value === 1)) return value === 1;
  if (kind === 'integer' && Number.isInteger(value) && value >= -INTEGER_LIMIT && value < INTEGER_LIMIT)
    return value;
  // Zero without a sign: JSON has no negative zero.
  if (kind === 'float' && Number.isFinite(value)) return value === 0 ? 0 : value;
  throw refuse(`is ${value}`);
}

/** Parses ISO 8601, or SQLite's own format of times: with a blank, and in UTC without a time zone. */
function parseTime(text: string): number {
  const iso = text.replace(' ', 'T');
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
}

/** Number of rows of a table, and a checksum of them. */
export interface Checksum {
  readonly table: string;
  readonly rows: number;
  readonly checksum: string;
}

/**
 * Checksum of a table: the SHA-256 of each row (the JSON array of its canonical values, columns by name),
 * added up word by word. The order of the rows, in which the databases differ, does not matter.
 */
export class Digest {
  readonly #table: string;
  readonly #words = new Uint32Array(DIGEST_WORDS);
  #rows = 0;

  constructor({ name }: Table) {
    this.#table = name;
  }

  add(values: readonly Value[]): void {
    const hash = createHash('sha256').update(JSON.stringify(values)).digest();
    for (let i = 0; i < DIGEST_WORDS; i++) this.#words[i] = (this.#words[i] ?? 0) + hash.readUInt32BE(4 * i);
    this.#rows += 1;
  }

  result(): Checksum {
    const checksum = [...this.#words].map((word) => word.toString(16).padStart(8, '0')).join('');
    return { table: this.#table, rows: this.#rows, checksum };
  }
}
