import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { abortOnError } from './adapters/abort-on-error.ts';
import { noteFullDisk } from './adapters/note-full-disk.ts';
import { publishStatements } from './adapters/publish-statements.ts';
import { type SingleConnectionFactory, singleConnection } from './adapters/single-connection.ts';
import {
  type ConnectionPool,
  type Database,
  type DatabaseKind,
  type Db,
  databaseKind,
  type Handle,
  type Models,
  makeClient,
  type Statements,
  type Transaction,
  type TransactionOptions,
} from './client.ts';
import { DiskState, fileProbe, serverProbe } from './disk.ts';
import { LentClients } from './lent-clients.ts';
import { LazyModels } from './models.ts';
import { openPool, parsePostgresUrl, postgresFactory } from './postgres/adapter.ts';
import { rawStatements } from './raw/raw.ts';
import { sqliteFactory, sqliteReader } from './sqlite/adapter.ts';
import { sqlitePath } from './sqlite/database-file.ts';
import { retryConflicts, runTransaction } from './transaction.ts';

/**
 * Opens a database. It connects at the first query, so an unreachable database is noticed only then.
 *
 * @param url `file:/absolute/path` or `postgresql://`; the latter may have the parameters `schema`,
 *   `connection_limit` and `pgbouncer`, as with Prisma
 * @param onError is called with the errors of idle Postgres connections; queries report their own errors
 * @param options `readOnly` opens an existing database without changing it
 * @throws {Error} when the URL is of another kind
 */
export function openDatabase(
  url: string,
  onError: (error: Error) => void = () => {},
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Database {
  const kind = databaseKind(url);
  if (kind === 'sqlite') {
    const disk = new DiskState(fileProbe(sqlitePath(url)));
    const adapters = noteFullDisk(readOnly ? sqliteReader(url) : sqliteFactory(url), () => disk.noteFull());
    const factory = singleConnection(abortOnError(publishStatements(adapters)));
    const { db, close } = openHandle(kind, factory);
    // SQLite has no clock except this machine's.
    const now = async () => new Date();
    return { db, control: db, kind, now, pool: undefined, disk, close: once(close) };
  }
  const target = parsePostgresUrl(url);
  const pool = openPool(target, onError, readOnly);
  const disk = new DiskState(serverProbe(() => controlHandle));
  const adapters = noteFullDisk(postgresFactory(pool, target, onError), () => disk.noteFull());
  const { db, close } = openHandle(
    kind,
    singleConnection(abortOnError(publishStatements(adapters)), () => pool.end()),
  );
  const controlTarget = { ...target, connections: 1 };
  const controlPool = openPool(controlTarget, onError, readOnly);
  const control = singleConnection(
    publishStatements(postgresFactory(controlPool, controlTarget, onError)),
    () => controlPool.end(),
  );
  const controlHandle = { raw: rawStatements(kind, control.connect) };
  return {
    db,
    control: controlHandle,
    kind,
    now: readServerTime,
    pool: poolOf(pool, target.connections),
    disk,
    close: once(async () => {
      await close();
      await control.close();
    }),
  };
}

/** Opens a handle over an adapter of a driver. */
export function openHandle(
  kind: DatabaseKind,
  factory: SingleConnectionFactory,
): { readonly db: Db; close(): Promise<void> } {
  const client = makeClient(kind, factory);
  return {
    db: new OpenDatabase(kind, factory.connect, client.models),
    close: async () => {
      await client.disconnect();
      await factory.close();
    },
  };
}

class OpenDatabase extends LazyModels implements Db {
  readonly raw: Statements;
  protected readonly models: Models;
  readonly #runOnce: <T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions) => Promise<T>;

  constructor(kind: DatabaseKind, connect: () => Promise<SqlDriverAdapter>, models: Models) {
    super();
    this.models = models;
    this.raw = rawStatements(kind, connect);
    const source = { kind, connect, clients: new LentClients() };
    this.#runOnce = (work, options) => runTransaction(source, work, options);
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return retryConflicts(this, () => this.#runOnce(work, options));
  }
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}

/** Reads the time without a time zone: Prisma's adapter would drop the offset of a time with one. */
async function readServerTime(tx: Handle): Promise<Date> {
  const rows = await tx.raw.query<{ now: Date }>`SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now`;
  const [row] = rows;
  if (row === undefined) throw new Error('Postgres did not say what time it is');
  return row.now;
}

/** Returns live numbers: they are read from the pool at each access. */
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
