import {
  DriverAdapterError,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import type { Connection } from './connection.ts';
import type { Queue } from './queue.ts';

/**
 * Open transaction, which holds the queue. Prisma sends COMMIT and ROLLBACK as statements, and then calls
 * `commit` or `rollback` in every case: also for a transaction that timed out, whose COMMIT failed, or that
 * Prisma no longer waits for (`maxWait`).
 */
export class SqliteTransaction implements Transaction {
  readonly provider = 'sqlite';
  readonly options = { usePhantomQuery: false };
  readonly adapterName: string;
  readonly #connection: Connection;
  readonly #queue: Queue;
  #hasEnded = false;

  constructor(adapterName: string, connection: Connection, queue: Queue) {
    this.adapterName = adapterName;
    this.#connection = connection;
    this.#queue = queue;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#run(() => this.#connection.query(query));
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    return this.#run(() => this.#connection.execute(query));
  }

  async commit(): Promise<void> {
    this.#end();
  }

  async rollback(): Promise<void> {
    this.#end();
  }

  createSavepoint(name: string): Promise<void> {
    return this.#runText(`SAVEPOINT ${name}`);
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.#runText(`ROLLBACK TO ${name}`);
  }

  releaseSavepoint(name: string): Promise<void> {
    return this.#runText(`RELEASE SAVEPOINT ${name}`);
  }

  async #runText(sql: string): Promise<void> {
    await this.#run(() => this.#connection.execute({ sql, args: [], argTypes: [] }));
  }

  /**
   * Runs a statement of this transaction.
   *
   * @throws {DriverAdapterError} when the transaction has ended: the statement would be committed by itself,
   *   or join another transaction
   */
  async #run<T>(work: () => T): Promise<T> {
    if (this.#queue.turns.isDue()) await this.#queue.turns.next();
    if (this.#hasEnded || !this.#connection.inTransaction)
      throw new DriverAdapterError({ kind: 'TransactionAlreadyClosed', cause: 'the transaction has ended' });
    return work();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      // A failed COMMIT may leave the transaction open, and Prisma sends no ROLLBACK after it.
      this.#connection.rollBack();
    } catch {
      // The next job rolls it back, or fails.
    } finally {
      this.#queue.release();
    }
  }
}
