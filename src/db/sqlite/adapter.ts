import {
  type ConnectionInfo,
  DriverAdapterError,
  type IsolationLevel,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import { lockShared } from '../files/database-lock.ts';
import { Connection } from './connection.ts';
import { makePrivateFile, openReader, sqlitePath } from './database-file.ts';
import { openSqlite, type SqliteDatabase } from './driver.ts';
import { Queue } from './queue.ts';
import { SqliteTransaction } from './transaction.ts';

const provider = 'sqlite';
const adapterName = 'latchkey-sqlite';

/** SQLITE_MAX_VARIABLE_NUMBER; Prisma assumes an older value. https://www.sqlite.org/limits.html */
const MAX_BIND_VALUES = 32_766;

/** Size of the -wal file that is kept after a checkpoint: four times its usual size without long readers. */
const MAX_IDLE_WAL_BYTES = 16 * 2 ** 20;

/**
 * Settings of a writing connection.
 * WAL: readers and the writer do not block each other.
 * FULL: a commit is on the disk before it is acknowledged. NORMAL would be faster in WAL mode, but a power
 * cut could undo the last commits: a demotion or a sign-out that was already confirmed to the client.
 * https://www.sqlite.org/pragma.html#pragma_synchronous
 * secure_delete: deleted data is overwritten, not only marked as free.
 * The driver waits for other processes while it opens the database: the switch to WAL, and the recovery after
 * a crash, need exclusive access. Later, the queue waits.
 */
const writerPragmas = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
  PRAGMA journal_size_limit = ${MAX_IDLE_WAL_BYTES};
  PRAGMA busy_timeout = 0
`;

const readerPragmas = 'PRAGMA query_only = ON; PRAGMA busy_timeout = 0';

/**
 * Makes driver adapters for the SQLite database of a `file:` URL, which is created when it does not exist.
 */
export function sqliteFactory(url: string): SqlMigrationAwareDriverAdapterFactory {
  const path = sqlitePath(url);
  return {
    provider,
    adapterName,
    connectToShadowDb: async () => sqliteAdapter(openSqlite(':memory:')),
    connect: async () => {
      const release = lockShared(path);
      try {
        makePrivateFile(path);
        return sqliteAdapter(openSqlite(path), writerPragmas, release);
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/**
 * Makes read-only driver adapters for the SQLite database of a `file:` URL. The file and its mode are not
 * changed.
 */
export function sqliteReader(url: string): SqlDriverAdapterFactory {
  return {
    provider,
    adapterName,
    connect: async () => sqliteAdapter(openReader(sqlitePath(url)), readerPragmas),
  };
}

/**
 * Makes a driver adapter for an open database.
 *
 * @param onClose called after the database was closed
 */
export function sqliteAdapter(
  database: SqliteDatabase,
  pragmas: string = writerPragmas,
  onClose?: () => void,
): SqlDriverAdapter {
  const connection = new Connection(database);
  try {
    connection.runScript(pragmas);
    return new SqliteAdapter(connection, onClose);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Adapter with one connection and a queue for it. Without the queue, a statement from outside would join the
 * open transaction.
 */
class SqliteAdapter implements SqlDriverAdapter {
  readonly provider = provider;
  readonly adapterName = adapterName;
  readonly #connection: Connection;
  readonly #queue = new Queue();
  readonly #onClose: (() => void) | undefined;

  constructor(connection: Connection, onClose?: () => void) {
    this.#connection = connection;
    this.#onClose = onClose;
  }

  getConnectionInfo(): ConnectionInfo {
    return { maxBindValues: MAX_BIND_VALUES, supportsRelationJoins: false };
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    const isRead = () => this.#connection.isRead(query.sql);
    return this.#queue.run(() => this.#idleConnection().query(query), { isRead });
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#queue.run(() => this.#idleConnection().execute(query));
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    if (isolationLevel !== undefined && isolationLevel !== 'SERIALIZABLE')
      throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level: isolationLevel });
    await this.#queue.run(() => this.#idleConnection().begin(), { holds: true });
    return new SqliteTransaction(adapterName, this.#connection, this.#queue);
  }

  /**
   * Runs statements all or nothing, in the order that SQLite recommends for altering tables
   * (https://www.sqlite.org/lang_altertable.html#otheralter): inside a transaction, the `PRAGMA foreign_keys`
   * lines that Prisma writes into migrations have no effect.
   */
  async executeScript(script: string): Promise<void> {
    await this.#queue.run(() => this.#beginScript(), { holds: true });
    try {
      this.#connection.runScript(`${script}\n;COMMIT`);
    } finally {
      this.#endScript();
    }
  }

  /** Closes the connection after the statements that are already in the queue. May be called twice. */
  async dispose(): Promise<void> {
    await this.#queue.run(() => this.#connection.close());
    this.#onClose?.();
  }

  #beginScript(): void {
    const connection = this.#idleConnection();
    connection.runScript('PRAGMA foreign_keys = OFF');
    try {
      connection.begin();
    } catch (error) {
      connection.runScript('PRAGMA foreign_keys = ON');
      throw error;
    }
  }

  #endScript(): void {
    try {
      this.#idleConnection().runScript('PRAGMA foreign_keys = ON');
    } finally {
      this.#queue.release();
    }
  }

  /**
   * Returns the connection for statements outside a transaction. First it rolls back a transaction that is
   * still open: one whose rollback failed, or one that was begun by hand.
   */
  #idleConnection(): Connection {
    this.#connection.rollBack();
    return this.#connection;
  }
}
