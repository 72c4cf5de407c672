import {
  type ColumnType,
  ColumnTypeEnum,
  type SqlQuery,
  type SqlQueryable,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import { type DatabaseKind, type SqlParam, type Statements, sql } from '../client.ts';

/** Raw statement, as the adapters get it. */
interface RawQuery extends SqlQuery {
  readonly isRaw: true;
}

/** Tells whether a statement is a raw one, and not one of Prisma's client. */
export function isRaw(query: SqlQuery): boolean {
  return 'isRaw' in query;
}

/**
 * Makes a handle for raw statements. They bypass Prisma's client, which takes several times as long for each
 * statement as the database does. Used for frequent queries: sign-in, refresh, and the caller's own record.
 *
 * @param connect gives the adapter that Prisma's client uses, or one of its transactions: raw statements
 *   share the connections of the client, and on SQLite its queue
 */
export function rawStatements(kind: DatabaseKind, connect: () => Promise<SqlQueryable>): Statements {
  const placeholders = kind === 'sqlite' ? 'sql' : 'text';
  const toQuery = (text: TemplateStringsArray, params: readonly SqlParam[]): RawQuery => {
    const { [placeholders]: written, values: args } = sql(text, ...params);
    // The adapters inspect a value themselves when they do not know its type.
    const argTypes = args.map(() => ({ scalarType: 'unknown', arity: 'scalar' }) as const);
    return { sql: written, args, argTypes, isRaw: true };
  };
  return {
    query: async (text, ...params) => toRows(await (await connect()).queryRaw(toQuery(text, params))),
    execute: async (text, ...params) => (await connect()).executeRaw(toQuery(text, params)),
  };
}

/** Converts rows into the form of Prisma's client. The author of the statement knows their columns. */
function toRows({ columnNames, columnTypes, rows }: SqlResultSet) {
  return rows.map((cells) => {
    const row = Object.create(null);
    for (const [at, name] of columnNames.entries()) row[name] = toCell(cells[at], columnTypes[at]);
    return row;
  });
}

/**
 * Converts a cell. SQLite has neither booleans nor dates, and Prisma's adapter for Postgres returns dates as
 * text.
 */
function toCell(value: unknown, type: ColumnType | undefined): unknown {
  if (type === ColumnTypeEnum.Boolean) return typeof value === 'number' ? value !== 0 : value;
  return type === ColumnTypeEnum.DateTime && typeof value === 'string' ? new Date(value) : value;
}
