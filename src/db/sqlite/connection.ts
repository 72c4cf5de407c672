import type { ColumnType, SqlQuery, SqlResultSet } from '@prisma/driver-adapter-utils';
import { LRUCache } from 'lru-cache';
import type { RowStatement, SqliteDatabase } from './driver.ts';
import { connectionClosed, toAdapterError } from './errors.ts';
import { declaredType, inferredType, toCell, toStored } from './values.ts';

/** Statements that stay prepared, some kilobytes each: twice as many as the service has. */
const MAX_STATEMENTS = 300;

/** A longer one, with thousands of placeholders for instance, is prepared each time. */
const MAX_STATEMENT_LENGTH = 10_000;

interface Columns {
  readonly names: readonly string[];
  readonly types: readonly (ColumnType | undefined)[];
}

interface Prepared {
  readonly statement: RowStatement;
  columns?: Columns;
}

/**
 * A connection that keeps its statements prepared, which takes longer than to run them. SQLite prepares one again by itself when the
 * schema has changed (https://www.sqlite.org/c3ref/prepare.html). What was bound to one is cleared by the driver after each run.
 *
 * Its errors are Prisma's.
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

  /** Whether a statement only reads. What is no statement is not worth the wait either: it fails. */
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

  /** @returns how many rows were changed */
  execute({ sql, args, argTypes }: SqlQuery): number {
    return this.#attempt(() => {
      const values = args.map((arg, at) => toStored(arg, argTypes[at]));
      return this.#prepare(sql).statement.run(values).changes;
    });
  }

  /** Runs statements without values, of any number. */
  runScript(script: string): void {
    this.#attempt(() => void this.#database.exec(script));
  }

  /** Begins to write, at once: a transaction that reads first fails where another process has written in between. */
  begin(): void {
    this.execute({ sql: 'BEGIN IMMEDIATE', args: [], argTypes: [] });
  }

  /** Undoes the open transaction, if there is one. SQLite ends some by itself: when the disk is full, for instance. */
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
      throw toAdapterError(error);
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<unknown[], unknown[]>(sql);
    const prepared = { statement: statement.reader ? statement.raw() : statement };
    if (sql.length <= MAX_STATEMENT_LENGTH) this.#statements.set(sql, prepared);
    return prepared;
  }
}

function toResult(prepared: Prepared, rows: unknown[][]): SqlResultSet {
  const [first] = rows;
  // Of `SELECT *`, there may be others since the schema has changed.
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
