import type { ColumnType, SqlQuery, SqlResultSet } from '@prisma/driver-adapter-utils';
import { LRUCache } from 'lru-cache';
import { type RowStatement, type SqliteDatabase, withFile } from './driver.ts';
import { connectionClosed, toAdapterError } from './errors.ts';
import { declaredType, inferredType, toCell, toStored } from './values.ts';

/** Maximum of prepared statements, some kilobytes each: twice as many as the service has. */
const MAX_STATEMENTS = 300;

/**
 * Length of the longest statement that is cached. A longer one, for instance with thousands of placeholders,
 * is prepared each time.
 */
const MAX_CACHED_LENGTH = 10_000;

interface Columns {
  readonly names: readonly string[];
  readonly types: readonly (ColumnType | undefined)[];
}

interface Prepared {
  readonly statement: RowStatement;
  columns?: Columns;
}

/**
 * Connection with a cache of prepared statements: to prepare one takes longer than to run it. SQLite prepares
 * a statement again by itself when the schema has changed (https://www.sqlite.org/c3ref/prepare.html). The
 * driver clears the bound values after each run.
 *
 * It throws Prisma's errors.
 */
export class Connection {
  readonly #database: SqliteDatabase;
  readonly #statements = new LRUCache<string, Prepared>({ max: MAX_STATEMENTS });

  #isOpen = true;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    // Integers are read as bigints: beyond 2^53 they would be rounded.
    database.defaultSafeIntegers(true);
  }

  get inTransaction(): boolean {
    return this.#isOpen && this.#database.inTransaction;
  }

  /** Tells whether a statement only reads. An invalid statement counts as one: it fails and need not wait. */
  isRead(sql: string): boolean {
    try {
      const { statement } = this.#prepare(sql);
      return statement.reader && statement.readonly;
    } catch {
      return true;
    }
  }

  query({ sql, args, argTypes }: SqlQuery): SqlResultSet {
    return this.#attempt(() => {
      const prepared = this.#prepare(sql);
      const values = args.map((arg, at) => toStored(arg, argTypes[at]));
      if (prepared.statement.reader) return toResult(prepared, prepared.statement.all(values));
      prepared.statement.run(values);
      return { columnNames: [], columnTypes: [], rows: [] };
    });
  }

  /** @returns the number of rows changed */
  execute({ sql, args, argTypes }: SqlQuery): number {
    return this.#attempt(() => {
      const values = args.map((arg, at) => toStored(arg, argTypes[at]));
      return this.#prepare(sql).statement.run(values).changes;
    });
  }

  /** Runs any number of statements without values. */
  runScript(script: string): void {
    this.#attempt(() => void this.#database.exec(script));
  }

  /**
   * Begins a transaction with the write lock: one that reads first fails when another process writes in
   * between.
   */
  begin(): void {
    this.execute({ sql: 'BEGIN IMMEDIATE', args: [], argTypes: [] });
  }

  /**
   * Rolls back the open transaction, if there is one. SQLite ends some by itself, for instance when the disk
   * is full.
   */
  rollBack(): void {
    if (this.inTransaction) this.execute({ sql: 'ROLLBACK', args: [], argTypes: [] });
  }

  close(): void {
    this.#isOpen = false;
    this.#statements.clear();
    this.#database.close();
  }

  #attempt<T>(work: () => T): T {
    if (!this.#isOpen) throw connectionClosed();
    try {
      return work();
    } catch (error) {
      throw toAdapterError(withFile(error, this.#database.name));
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<unknown[], unknown[]>(sql);
    const prepared = { statement: statement.reader ? statement.raw() : statement };
    if (sql.length <= MAX_CACHED_LENGTH) this.#statements.set(sql, prepared);
    return prepared;
  }
}

function toResult(prepared: Prepared, rows: unknown[][]): SqlResultSet {
  const [first] = rows;
  // With `SELECT *`, the columns may have changed with the schema.
  if (
    prepared.columns === undefined ||
    (first !== undefined && first.length !== prepared.columns.names.length)
  )
    prepared.columns = columnsOf(prepared.statement);
  const { names, types } = prepared.columns;
  const columnTypes = types.map((type, at) => type ?? inferredType(rows, at));
  for (const row of rows) for (let at = 0; at < row.length; at++) row[at] = toCell(row[at], columnTypes[at]);
  return { columnNames: [...names], columnTypes, rows };
}

function columnsOf(statement: RowStatement): Columns {
  const columns = statement.columns();
  return { names: columns.map(({ name }) => name), types: columns.map(({ type }) => declaredType(type)) };
}
