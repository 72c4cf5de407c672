import {
  type ColumnType,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlQueryable,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import type { Filling, Statements } from './statements.ts';
import { retryConflicts, TRANSACTION_MAX_WAIT, TRANSACTION_TIMEOUT } from './transaction.ts';

/**
 * Statements that go to Prisma's driver adapter past its client, which takes several times as long over each of them as the database
 * does. For what is asked all the time and is written by hand anyway: sign-in, refresh, and the caller's own record. They share the
 * client's connections, and on SQLite its turn.
 */
export interface DirectDatabase extends Statements {
  /**
   * Runs work in a transaction of its own, as `transaction` does: it **may run several times**. It must wait for nothing but its
   * statements, for its time is looked at with each of them.
   */
  transaction<T>(work: (tx: Statements) => Promise<T>): Promise<T>;
}

/** Writes a statement in a database's way: with `?` in the places of its values, or `$1`. */
export type Write = (
  text: TemplateStringsArray,
  fillings: readonly Filling[],
) => Pick<SqlQuery, 'sql' | 'args'>;

/** A statement that comes past the client. */
interface DirectQuery extends SqlQuery {
  readonly isDirect: true;
}

/** Whether a statement that an adapter gets comes past the client. */
export function isDirect(query: SqlQuery): boolean {
  return 'isDirect' in query;
}

/** Not as statements that come past the client: those get names (postgres.ts), and what ends a transaction must have none. */
const commit: SqlQuery = { sql: 'COMMIT', args: [], argTypes: [] };
const rollback: SqlQuery = { sql: 'ROLLBACK', args: [], argTypes: [] };

/**
 * @param connect gives the adapter that Prisma's client uses
 * @param queue what transactions that have lost a conflict take turns by
 */
export function openDirect(
  connect: () => Promise<SqlDriverAdapter>,
  write: Write,
  queue: object,
): DirectDatabase {
  return {
    ...statementsOn(connect, write),
    transaction: (work) => retryConflicts(queue, () => attempt(connect, write, work)),
  };
}

async function attempt<T>(
  connect: () => Promise<SqlDriverAdapter>,
  write: Write,
  work: (tx: Statements) => Promise<T>,
): Promise<T> {
  const transaction = await begin(await connect());
  const deadline = performance.now() + TRANSACTION_TIMEOUT;
  let hasEnded = false;
  const whileOpen = async () => {
    // On SQLite, it would run in somebody else's transaction.
    if (hasEnded) throw new Error('The transaction of this statement has ended');
    if (performance.now() > deadline) throw new DriverAdapterError({ kind: 'SocketTimeout' });
    return transaction;
  };
  try {
    const result = await work(statementsOn(whileOpen, write));
    await whileOpen();
    hasEnded = true;
    await transaction.executeRaw(commit);
    return result;
  } catch (error) {
    hasEnded = true;
    await undo(transaction);
    throw error;
  } finally {
    // Whatever became of it, this frees the connection.
    await transaction.commit();
  }
}

/** Begins within TRANSACTION_MAX_WAIT. What begins later than that is given back. */
async function begin(adapter: SqlDriverAdapter): Promise<Transaction> {
  const beginning = adapter.startTransaction('SERIALIZABLE');
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DriverAdapterError({ kind: 'SocketTimeout' }));
      beginning.then(giveBack).catch(() => {});
    }, TRANSACTION_MAX_WAIT);
  });
  try {
    return await Promise.race([beginning, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function giveBack(transaction: Transaction): Promise<void> {
  await undo(transaction);
  await transaction.commit();
}

/** Where it fails too, there is nothing left to roll back: the connection is gone, or the transaction. */
async function undo(transaction: Transaction): Promise<void> {
  await transaction.executeRaw(rollback).catch(() => {});
}

function statementsOn(connect: () => Promise<SqlQueryable>, write: Write): Statements {
  return {
    $queryRaw: async (text, ...fillings) =>
      toRows(await (await connect()).queryRaw(toQuery(write(text, fillings)))),
    $executeRaw: async (text, ...fillings) => (await connect()).executeRaw(toQuery(write(text, fillings))),
  };
}

/** The adapters look at a value itself where they are not told what it is. */
function toQuery({ sql, args }: Pick<SqlQuery, 'sql' | 'args'>): DirectQuery {
  return {
    sql,
    args,
    argTypes: args.map(() => ({ scalarType: 'unknown', arity: 'scalar' })),
    isDirect: true,
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
