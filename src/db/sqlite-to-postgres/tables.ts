import { DataError } from '../data-error.ts';
import type { SqliteDatabase } from '../sqlite/driver.ts';

/** Kinds of columns, by the type that Prisma declares for them on SQLite and on Postgres. */
const kinds = {
  TEXT: { kind: 'text', postgres: 'text' },
  INTEGER: { kind: 'integer', postgres: 'int4' },
  REAL: { kind: 'float', postgres: 'float8' },
  BOOLEAN: { kind: 'boolean', postgres: 'bool' },
  DATETIME: { kind: 'time', postgres: 'timestamp' },
} as const;

export type ColumnKind = (typeof kinds)[keyof typeof kinds]['kind'];

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Type on Postgres, as in `udt_name` of the information schema. */
  readonly postgres: string;
}

export interface Table {
  readonly name: string;
  /** Sorted by name, so that both sides have the same order. */
  readonly columns: readonly Column[];
  /** Columns of the primary key, in their order. */
  readonly key: readonly string[];
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  /** Position in the primary key, from 1; 0 for none. */
  readonly pk: number;
}

/**
 * Reads all tables of a SQLite database except the bookkeeping of migrations, which each database has of its
 * own, and that of Litestream. A table comes after the tables that it refers to.
 *
 * @throws {DataError} for a column of a type that cannot be moved
 */
export function readTables(database: SqliteDatabase): readonly Table[] {
  const names = database
    .prepare<[], string>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^' AND name NOT LIKE '^_litestream^_%' ESCAPE '^' AND name <> '_prisma_migrations' ORDER BY name",
    )
    .pluck()
    .all();
  const tables = new Map(names.map((name) => [name, readTable(database, name)]));
  const ordered = new Set<Table>();
  const add = (table: Table) => {
    for (const name of referredTo(database, table.name)) {
      const other = tables.get(name);
      if (other !== undefined && other !== table && !ordered.has(other)) add(other);
    }
    ordered.add(table);
  };
  for (const table of tables.values()) add(table);
  return [...ordered];
}

function readTable(database: SqliteDatabase, name: string): Table {
  const infos = database
    .prepare<[string], ColumnInfo>('SELECT name, type, pk FROM pragma_table_info(?)')
    .all(name);
  const columns = infos.map((info) => {
    const found = Object.entries(kinds).find(([type]) => type === info.type.toUpperCase());
    if (found === undefined)
      throw new DataError(`the column ${name}.${info.name} has the type ${info.type}, which cannot be moved`);
    return { name: info.name, ...found[1] };
  });
  const key = infos.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  if (key.length === 0) throw new DataError(`the table ${name} has no primary key: it cannot be moved`);
  return {
    name,
    columns: columns.sort((a, b) => (a.name < b.name ? -1 : 1)),
    key: key.map((info) => info.name),
  };
}

function referredTo(database: SqliteDatabase, name: string): readonly string[] {
  return database
    .prepare<[string], string>('SELECT "table" FROM pragma_foreign_key_list(?)')
    .pluck()
    .all(name);
}
