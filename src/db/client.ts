import { abortOnError } from './adapters/abort-on-error.ts';
import { type SingleConnectionFactory, singleConnection } from './adapters/single-connection.ts';
import { type DirectDatabase, openDirect, type Write } from './direct.ts';
import { PrismaClient as PostgresClient } from './generated/postgresql/client.ts';
import { Prisma, PrismaClient as SqliteClient } from './generated/sqlite/client.ts';
import { openPool, parsePostgresUrl, postgresFactory } from './postgres.ts';
import { sqliteFactory, sqliteReader } from './sqlite/adapter.ts';
import type { Statements } from './statements.ts';

/** The models of prisma/schema.prisma, on either database. */
export type Db = SqliteClient;

/** Milliseconds that a process's clock may differ from the database's. */
export const CLOCK_TOLERANCE = 30_000;

/** What {@link Db} is inside a transaction. */
export type Transaction = Prisma.TransactionClient;

export type Model = Prisma.ModelName;

/** The columns of a model's table. */
export type ColumnsOf<M extends Model> = Prisma.TypeMap['model'][M]['payload']['scalars'];

/** A piece of a statement. */
export type Sql = Prisma.Sql;

/** For the statements that Prisma cannot write: values are always sent beside the text. Either database understands them. */
export const { sql, join: joinSql, raw: rawSql } = Prisma;

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
  /** What goes past Prisma's client, over the same connections. */
  readonly direct: DirectDatabase;
  /**
   * For what has to be known whatever the others do: what was revoked, what time it is, and whether the database answers. On Postgres
   * it has a connection of its own, so that it waits neither for a slow table nor for a busy pool.
   */
  readonly control: Statements;
  readonly kind: DatabaseKind;
  /**
   * The database's time, which processes agree on.
   *
   * @param tx inside a transaction: the transaction, else `db` or `direct`
   */
  now(tx: Statements): Promise<Date>;
  /** The pool of connections; undefined on SQLite, which has none. */
  readonly pool: ConnectionPool | undefined;
  /** Rolls open transactions back and frees the connections; afterwards every query fails. May be called twice. */
  close(): Promise<void>;
}

/**
 * `minimal` keeps pieces of source code and the values of queries out of messages, and spares each query a stack trace.
 */
const errorFormat = 'minimal';

/**
 * Opens a database. It connects at the first query, so a database that is away shows only then.
 *
 * @param url `file:/absolute/path` or `postgresql://`; the latter may say `schema`, `connection_limit` and
 *   `pgbouncer` as with Prisma
 * @param onError hears of Postgres connections that break while nobody waits for them; queries report their own errors
 * @param options `readOnly` to look at a database that is there, and change nothing
 * @throws {Error} when the URL is neither
 */
export function openDatabase(
  url: string,
  onError: (error: Error) => void = () => {},
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Database {
  const kind = databaseKind(url);
  if (kind === 'sqlite') {
    const adapter = singleConnection(abortOnError(readOnly ? sqliteReader(url) : sqliteFactory(url)));
    return opened(kind, new SqliteClient({ adapter, errorFormat }), adapter);
  }
  const target = parsePostgresUrl(url);
  const pool = openPool(target, onError, readOnly);
  const adapter = singleConnection(abortOnError(postgresFactory(pool, target, onError)), () => pool.end());
  const controlTarget = { ...target, connections: 1 };
  const controlPool = openPool(controlTarget, onError, readOnly);
  const control = singleConnection(postgresFactory(controlPool, controlTarget, onError), () =>
    controlPool.end(),
  );
  const client = new PostgresClient({ adapter, errorFormat });
  // The one cast. Both clients come from the same models; SQLite's type is the narrower one (no `mode: 'insensitive'`,
  // one isolation level), so what it allows is there on Postgres too. A union of the two is not callable (TS2349).
  return opened(kind, client as unknown as Db, adapter, { pool: poolOf(pool, target.connections), control });
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

/** As a time without a zone: of one with a zone, Prisma's adapter takes the digits and drops the offset. */
async function readServerTime(tx: Statements): Promise<Date> {
  const rows = await tx.$queryRaw<{ now: Date }>`SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now`;
  const [row] = rows;
  if (row === undefined) throw new Error('Postgres did not say what time it is');
  return row.now;
}

/** Its numbers as they are when they are asked for. */
function poolOf(pool: Omit<ConnectionPool, 'limit'>, limit: number): ConnectionPool {
  return {
    get totalCount() {
      return pool.totalCount;
    },
    get idleCount() {
      return pool.idleCount;
    },
    get waitingCount() {
      return pool.waitingCount;
    },
    limit,
  };
}

function writerOf(kind: DatabaseKind): Write {
  const placeholders = kind === 'sqlite' ? 'sql' : 'text';
  return (text, fillings) => {
    const { [placeholders]: written, values } = sql(text, ...fillings);
    return { sql: written, args: values };
  };
}

function opened(
  kind: DatabaseKind,
  db: Db,
  adapter: SingleConnectionFactory,
  ofPostgres?: { readonly pool: ConnectionPool; readonly control: SingleConnectionFactory },
): Database {
  let closing: Promise<void> | undefined;
  const close = async () => {
    await db.$disconnect();
    await adapter.close();
    await ofPostgres?.control.close();
  };
  const write = writerOf(kind);
  const direct = openDirect(adapter.connect, write, db);
  return {
    db,
    direct,
    control: ofPostgres === undefined ? direct : openDirect(ofPostgres.control.connect, write, ofPostgres),
    kind,
    pool: ofPostgres?.pool,
    // SQLite has no clock but that of this machine.
    now: kind === 'sqlite' ? async () => new Date() : readServerTime,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
