import {
  type ColumnType,
  ColumnTypeEnum,
  type SqlQuery,
  type SqlQueryable,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import { type DatabaseKind, type SqlParam, type Statements, sql } from '../client.ts';

/** A raw statement, as the adapters get it. */
interface RawQuery extends SqlQuery {
  readonly isRaw: true;
}

/** Whether a statement that an adapter gets is a raw one, and not one of Prisma's client. */
export function isRaw(query: SqlQuery): boolean {
  return 'isRaw' in query;
}

/**
 * Raw statements: they go to Prisma's driver adapter past its client, which takes several times as long over
 * each of them as the database does. For what is asked all the time: sign-in, refresh, and the caller's own
 * record.
 *
 * @param connect gives the adapter that Prisma's client uses, or one of its transactions: connections are
 *   shared with the client, and on SQLite its turn
 */
export function rawStatements(kind: DatabaseKind, connect: () => Promise<SqlQueryable>): Statements {
  const placeholders = kind === 'sqlite' ? 'sql' : 'text';
  const toQuery = (text: TemplateStringsArray, fillings: readonly SqlParam[]): RawQuery => {
    const { [placeholders]: written, values: args } = sql(text, ...fillings);
    // The adapters look at a value itself where they are not told what it is.
    const argTypes = args.map(() => ({ scalarType: 'unknown', arity: 'scalar' }) as const);
    return { sql: written, args, argTypes, isRaw: true };
  };
  return {
    query: async (text, ...fillings) => toRows(await (await connect()).queryRaw(toQuery(text, fillings))),
    execute: async (text, ...fillings) => (await connect()).executeRaw(toQuery(text, fillings)),
  };
}

/** Rows as Prisma's client has them. What is in them is known to whoever wrote the statement. */
function toRows({ columnNames, columnTypes, rows }: SqlResultSet) {
  return rows.map((cells) => {
    const row = Object.create(null);
    for (const [at, name] of columnNames.entries()) row[name] = toCell(cells[at], columnTypes[at]);
    return row;
  });
}

/** SQLite knows neither booleans nor dates, and Prisma's adapter for Postgres makes text of dates. */
function toCell(value: unknown, type: ColumnType | undefined): unknown {
  if (type === ColumnTypeEnum.Boolean) return typeof value === 'number' ? value !== 0 : value;
  return type === ColumnTypeEnum.DateTime && typeof value === 'string' ? new Date(value) : value;
}
