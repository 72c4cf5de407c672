import { existsSync } from 'node:fs';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { requireNoForeignCode } from '../backup/inspect.ts';
import { DataError } from '../data-error.ts';
import { lockExclusive } from '../files/database-lock.ts';
import { readRecorded } from '../migrations/migrate-sqlite.ts';
import { isBusyError, isSqliteError, openSqlite, type SqliteDatabase } from '../sqlite/driver.ts';
import { type Checksum, canonical, Digest, type Value } from './canonical.ts';
import { readTables, type Table } from './tables.ts';

/** Rows in memory at the same time. */
const BATCH_ROWS = 2_000;

/** Time that another program gets to close the database. */
const BUSY_TIMEOUT_MS = 1_000;

/** Batch of rows, and the key of the last one. */
export interface Batch {
  readonly rows: readonly (readonly Value[])[];
  readonly last: readonly Value[];
}

/** SQLite database that is moved. No other process works on it until it is closed. */
export class Source {
  readonly tables: readonly Table[];
  /** Names of the migrations applied to it. */
  readonly migrations: readonly string[];
  readonly #database: SqliteDatabase;
  readonly #release: () => void;

  /** @throws {DataError} when the file does not exist, or another process works on it */
  constructor(path: string) {
    if (!existsSync(path)) throw new DataError(`${path} does not exist: there is nothing to move`);
    this.#release = lockExclusive(path);
    try {
      this.migrations = readRecorded(path).map(({ name }) => name);
      this.#database = openAlone(path);
      requireNoForeignCode(this.#database, path);
      this.tables = readTables(this.#database);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  countRows(): number {
    const count = ({ name }: Table) =>
      this.#database.prepare<[], number>(`SELECT count(*) FROM "${name}"`).pluck().get() ?? 0;
    return this.tables.reduce((total, table) => total + count(table), 0);
  }

  /** Reads all rows after a key, in the order of the key. */
  *read(table: Table, after: readonly Value[] | null): Generator<Batch> {
    const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join();
    const key = list(table.key);
    const select = `SELECT ${list(table.columns.map(({ name }) => name))} FROM "${table.name}"`;
    const end = `ORDER BY ${key} LIMIT ${BATCH_ROWS}`;
    const marks = table.key.map(() => '?').join();
    const first = this.#database.prepare<unknown[], unknown[]>(`${select} ${end}`).raw();
    const next = this.#database
      .prepare<unknown[], unknown[]>(`${select} WHERE (${key}) > (${marks}) ${end}`)
      .raw();
    for (let last = after; ; ) {
      const found = last === null ? first.all() : next.all(...last);
      const rows = found.map((row) => canonicalRow(table, row));
      const row = rows.at(-1);
      if (row === undefined) return;
      last = keyOf(table, row);
      yield { rows, last };
      if (rows.length < BATCH_ROWS) return;
    }
  }

  async checksum(table: Table, onRows: (count: number) => void): Promise<Checksum> {
    const digest = new Digest(table);
    for (const { rows } of this.read(table, null)) {
      for (const row of rows) digest.add(row);
      onRows(rows.length);
      await yieldToEventLoop();
    }
    return digest.result();
  }

  close(): void {
    this.#database.close();
    this.#release();
  }
}

/**
 * Opens the database exclusively, also against programs that do not use the lock file, such as `sqlite3`.
 * Changes nothing except the place of the journal.
 */
function openAlone(path: string): SqliteDatabase {
  const database = openSqlite(path, { mustExist: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    database.pragma('query_only = ON');
    return database;
  } catch (error) {
    database.close();
    if (!isSqliteError(error)) throw error;
    const reason = isBusyError(error) ? 'another program has it open' : error.message;
    throw new DataError(`${path} cannot be read (${reason})`, { cause: error });
  }
}

function canonicalRow(table: Table, row: readonly unknown[]): Value[] {
  const place = () => {
    const key = table.key.map((name) =>
      String(row[table.columns.findIndex((column) => column.name === name)]),
    );
    return `the row ${key.join(', ')} of ${table.name}`;
  };
  return table.columns.map((column, i) => canonical(column, row[i], place));
}

function keyOf(table: Table, row: readonly Value[]): Value[] {
  return table.key.map((name) => row[table.columns.findIndex((column) => column.name === name)] ?? null);
}
