import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import Sqlite from 'better-sqlite3';

/** Statements of a connection, some kilobytes each: twice as many as the service has. When there are more, all are forgotten. */
const KEPT = 300;

/**
 * Has a connection keep what it has prepared. Prisma's adapter prepares each statement anew, which takes longer than to run it: a row
 * by its id is read in a third of the time. SQLite prepares a kept one again by itself when the schema has changed
 * (https://www.sqlite.org/c3ref/prepare.html).
 *
 * The adapter has its connection in a member that its types don't name. Where that is gone one day, statements are prepared as before,
 * and test/db/kept-statements.test.ts fails.
 */
export function keepStatements(adapter: SqlDriverAdapter): void {
  if (!('client' in adapter && adapter.client instanceof Sqlite)) return;
  const connection = adapter.client;
  const prepare = connection.prepare.bind(connection);
  const kept = new Map<string, KeptStatement>();
  Object.assign(connection, {
    prepare: (sql: string) => {
      const known = kept.get(sql);
      if (known !== undefined) return known;
      const made = new KeptStatement(prepare(sql));
      if (kept.size >= KEPT) kept.clear();
      kept.set(sql, made);
      return made;
    },
  });
}

/** As much of a statement as the adapter asks for: it binds values and runs the statement at once, and then does the same with the next. */
class KeptStatement {
  readonly reader: boolean;
  readonly #statement: Sqlite.Statement<unknown[]>;
  #values: readonly unknown[] = [];
  #columns: Sqlite.ColumnDefinition[] | undefined;

  constructor(statement: Sqlite.Statement<unknown[]>) {
    this.#statement = statement;
    this.reader = statement.reader;
    if (this.reader) statement.raw();
  }

  /** For one run: a statement of better-sqlite3 keeps what is bound to it for good. */
  bind(values: readonly unknown[]): this {
    this.#values = values;
    return this;
  }

  columns(): Sqlite.ColumnDefinition[] {
    this.#columns ??= this.#statement.columns();
    return this.#columns;
  }

  /** Rows are arrays of cells already. */
  raw(): this {
    return this;
  }

  all(): unknown[] {
    return this.#statement.all(this.#takeValues());
  }

  run(): Sqlite.RunResult {
    return this.#statement.run(this.#takeValues());
  }

  /** They may be hashes and tokens: none stays behind. */
  #takeValues(): readonly unknown[] {
    const values = this.#values;
    this.#values = [];
    return values;
  }
}
