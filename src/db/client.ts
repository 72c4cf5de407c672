import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaClient as PostgresClient } from './generated/postgresql/client.ts';
import { Prisma, PrismaClient as SqliteClient } from './generated/sqlite/client.ts';

/** Maximum difference between a process's clock and the database's. */
export const CLOCK_TOLERANCE_MS = 30_000;

export type Model = Prisma.ModelName;

/** Names of the tables, which are those of the models. */
export const tableNames: readonly Model[] = Object.values(Prisma.ModelName);

/** Models of prisma/schema.prisma, on both databases. */
export type Models = Pick<SqliteClient, Uncapitalize<Model>>;

/** Columns of a model's table. */
export type ColumnsOf<M extends Model> = Prisma.TypeMap['model'][M]['payload']['scalars'];

/** Fragment of a statement. */
export type Sql = Prisma.Sql;

/**
 * Tags for raw statements. Values are always sent separately from the text. Both databases understand them.
 */
export const { sql, join: joinSql, raw: rawSql } = Prisma;

/** Value of a column. */
export type SqlValue = string | number | boolean | Date | null;

/** Parameter of a raw statement: a value, or a fragment of a statement. */
export type SqlParam = SqlValue | Sql;

/** Raw statements, written by hand. They bypass Prisma's client and go straight to the driver (raw.ts). */
export interface Statements {
  /** Runs a statement that returns rows. The caller knows their type. */
  query<Row>(text: TemplateStringsArray, ...params: readonly SqlParam[]): Promise<Row[]>;
  /** Runs a statement that changes rows. @returns the number of rows changed */
  execute(text: TemplateStringsArray, ...params: readonly SqlParam[]): Promise<number>;
}

/** Database or transaction, for raw statements only. */
export interface Handle {
  readonly raw: Statements;
}

/** Models and raw statements of a transaction. */
export interface Transaction extends Models, Handle {}

export interface TransactionOptions {
  /** Milliseconds to wait for the begin; TRANSACTION_MAX_WAIT_MS (transaction.ts) by default. */
  readonly maxWaitMs?: number;
}

/** Handle of a database: Prisma's models, raw statements, and transactions with both. */
export interface Db extends Models, Handle {
  /**
   * Runs work in a Serializable transaction and commits it, or rolls all of it back when the work throws.
   * When the database finds a conflict with another transaction, the work runs again: **it may run several
   * times**, so it must have no effects except those of its statements. Hash passwords and send mail outside.
   *
   * @param work gets the transaction, and must use it instead of `db`: on SQLite, a statement on `db` waits
   *   for the end of the transaction. A failed statement aborts the transaction, even when the work catches
   *   its error
   * @returns what the work returned in the attempt that was committed
   * @throws the error of the work; an error for which `isUnavailable` holds when a commit was not possible
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export type DatabaseKind = 'sqlite' | 'postgresql';

/** State of a process's connection pool to Postgres. */
export interface ConnectionPool {
  /** Open connections, and the idle ones among them. */
  readonly totalCount: number;
  readonly idleCount: number;
  /** Queries and transactions that wait for a connection. */
  readonly waitingCount: number;
  /** Maximum number of connections. */
  readonly limit: number;
}

/** The disk of a database. */
export interface Disk {
  /** True from the first write that failed for lack of room, until a check has found room. */
  readonly isFull: boolean;
  /**
   * Checks whether the disk is full. Writes something small, which is removed, while the disk is full.
   *
   * @param options `mustProbe` to write it in any case
   */
  check(options?: { readonly mustProbe?: boolean }): Promise<boolean>;
  /** Reads the free bytes; undefined when they are unknown, as on Postgres. */
  freeBytes(): Promise<number | undefined>;
}

export interface Database {
  readonly db: Db;
  /**
   * Handle for queries that must not wait: revocations, the time, and whether the database answers. On
   * Postgres it has its own connection, so that neither a slow table nor a full pool delays it.
   */
  readonly control: Handle;
  readonly kind: DatabaseKind;
  /**
   * Reads the database's time, which is the same for all processes.
   *
   * @param tx the transaction when there is one, else `db`
   */
  now(tx: Handle): Promise<Date>;
  /** Connection pool; undefined on SQLite, which has none. */
  readonly pool: ConnectionPool | undefined;
  /** Disk of the database. */
  readonly disk: Disk;
  /**
   * Rolls back open transactions and closes the connections; after that, every query fails. May be called
   * twice.
   */
  close(): Promise<void>;
}

/** Wrapper that runs an operation of a model, and something before or after it. */
export type AroundOperation = <T>(operation: () => Promise<T>) => Promise<T>;

/** Client of Prisma. */
export interface Client {
  readonly models: Models;
  /** Returns the same models, with each operation wrapped. */
  around(around: AroundOperation): Models;
  disconnect(): Promise<void>;
}

/** Makes a client of Prisma for the connections of a driver adapter. It connects at the first query. */
export function makeClient(kind: DatabaseKind, adapter: SqlDriverAdapterFactory): Client {
  // `minimal` keeps source code and the values of queries out of messages, and saves a stack trace per query.
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
 * Casts a client to its models; this is the only cast. The clients of both databases are generated from the
 * same models. SQLite's type is the narrower one (no `mode: 'insensitive'`, one isolation level), so Postgres
 * supports everything that it allows. A union of the two is not callable (TS2349). `$extends` keeps the
 * models too, but writes their types in a form that TypeScript cannot compare.
 */
function asModels(client: object): Models {
  return client as unknown as Models;
}

/**
 * Returns the kind of database of a URL.
 *
 * @throws {Error} when the URL is of another kind
 */
export function databaseKind(url: string): DatabaseKind {
  if (url.startsWith('file:')) return 'sqlite';
  if (/^postgres(ql)?:\/\//.test(url)) return 'postgresql';
  throw new Error(
    'DATABASE_URL must begin with file: or postgresql:// (example: DATABASE_URL=file:data/latchkey.db)',
  );
}
