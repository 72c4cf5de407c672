import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaClient as PostgresClient } from './generated/postgresql/client.ts';
import { Prisma, PrismaClient as SqliteClient } from './generated/sqlite/client.ts';

/** Milliseconds that a process's clock may differ from the database's. */
export const CLOCK_TOLERANCE = 30_000;

export type Model = Prisma.ModelName;

/** The models of prisma/schema.prisma, on either database. */
export type Models = Pick<SqliteClient, Uncapitalize<Model>>;

/** The columns of a model's table. */
export type ColumnsOf<M extends Model> = Prisma.TypeMap['model'][M]['payload']['scalars'];

/** A piece of a statement. */
export type Sql = Prisma.Sql;

/** Tags of raw statements. Values are always sent beside the text. Both databases understand them. */
export const { sql, join: joinSql, raw: rawSql } = Prisma;

/** The value of a column. */
export type SqlValue = string | number | boolean | Date | null;

/** A part of a raw statement that is filled in: a value, or a piece of a statement. */
export type SqlParam = SqlValue | Sql;

/** Raw statements: they are written by hand, and go to the driver past Prisma's client (raw.ts). */
export interface Statements {
  /** Runs a statement that answers with rows. The caller knows their type. */
  query<Row>(text: TemplateStringsArray, ...fillings: readonly SqlParam[]): Promise<Row[]>;
  /** Runs a statement that changes rows. @returns how many */
  execute(text: TemplateStringsArray, ...fillings: readonly SqlParam[]): Promise<number>;
}

/** A database or a transaction, for raw statements only. */
export interface Handle {
  readonly raw: Statements;
}

/** The models and raw statements of a transaction, as one. */
export interface Transaction extends Models, Handle {}

export interface TransactionOptions {
  /** Milliseconds to wait for the begin; TRANSACTION_MAX_WAIT (transaction.ts) by default. */
  readonly maxWaitMs?: number;
}

/** The one handle of a database: Prisma's models, raw statements, and transactions with both. */
export interface Db extends Models, Handle {
  /**
   * Runs work as if it were alone (Serializable), and commits what it did, or none of it when it throws. When
   * the database finds that another transaction changed what the work had read, the work runs again: **it may
   * run several times**, so it must have no effects but those of its statements. Hash passwords and send mail
   * outside.
   *
   * @param work gets the transaction, and must use it instead of `db`: on SQLite, a statement on `db` waits
   *   for the end of the transaction. A statement that failed ends the transaction, even when the work
   *   catches its error
   * @returns what the work returned in the try that was committed
   * @throws whatever the work throws; an error for which `isUnavailable` holds when there was no way to
   *   commit
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export type DatabaseKind = 'sqlite' | 'postgresql';

/** How the connections of a process to Postgres are used. */
export interface ConnectionPool {
  /** Open connections, and those of them that nobody uses. */
  readonly totalCount: number;
  readonly idleCount: number;
  /** Queries and transactions that wait for one. */
  readonly waitingCount: number;
  /** Connections that there may be. */
  readonly limit: number;
}

export interface Database {
  readonly db: Db;
  /**
   * For what has to be known whatever the others do: what was revoked, what time it is, and whether the database answers. On Postgres
   * it has a connection of its own, so that it waits neither for a slow table nor for a busy pool.
   */
  readonly control: Handle;
  readonly kind: DatabaseKind;
  /**
   * The database's time, which processes agree on.
   *
   * @param tx inside a transaction: the transaction, else `db`
   */
  now(tx: Handle): Promise<Date>;
  /** The pool of connections; undefined on SQLite, which has none. */
  readonly pool: ConnectionPool | undefined;
  /** Rolls open transactions back and frees the connections; afterwards every query fails. May be called twice. */
  close(): Promise<void>;
}

/** Runs an operation of a model, and something before or after it. */
export type AroundOperation = <T>(operation: () => Promise<T>) => Promise<T>;

/** A client of Prisma. */
export interface Client {
  readonly models: Models;
  /** The same models, with something around each operation. */
  around(around: AroundOperation): Models;
  disconnect(): Promise<void>;
}

/** Makes a client of Prisma for the connections of a driver adapter. It connects at the first query. */
export function makeClient(kind: DatabaseKind, adapter: SqlDriverAdapterFactory): Client {
  // `minimal` keeps pieces of source code and the values of queries out of messages, and spares each query a
  // stack trace.
  const options = { adapter, errorFormat: 'minimal' } as const;
  if (kind === 'sqlite') {
    const client = new SqliteClient(options);
    return {
      models: client,
      around: (around) => asModels(client.$extends(extensionOf(around))),
      disconnect: () => client.$disconnect(),
    };
  }
  const client = new PostgresClient(options);
  return {
    models: asModels(client),
    around: (around) => asModels(client.$extends(extensionOf(around))),
    disconnect: () => client.$disconnect(),
  };
}

/** https://www.prisma.io/docs/orm/prisma-client/client-extensions/query */
function extensionOf(around: AroundOperation) {
  return {
    query: {
      $allOperations: ({ args, query }: { args: unknown; query: (args: unknown) => Promise<unknown> }) =>
        around(() => query(args)),
    },
  };
}

/**
 * The one cast. Clients of both databases come from the same models; SQLite's type is the narrower one (no
 * `mode: 'insensitive'`, one isolation level), so all that it allows is there on Postgres too. A union of the
 * two is not callable (TS2349). `$extends` keeps the models too, but writes their types in another way, which
 * TypeScript cannot compare.
 */
function asModels(client: object): Models {
  return client as unknown as Models;
}

/**
 * Which database a URL is about.
 *
 * @throws {Error} when it is about neither
 */
export function databaseKind(url: string): DatabaseKind {
  if (url.startsWith('file:')) return 'sqlite';
  if (/^postgres(ql)?:\/\//.test(url)) return 'postgresql';
  throw new Error(
    'DATABASE_URL must begin with file: or postgresql:// (example: DATABASE_URL=file:data/latchkey.db)',
  );
}
