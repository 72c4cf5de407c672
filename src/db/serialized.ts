import { setTimeout as wait } from 'node:timers/promises';
import {
  DriverAdapterError,
  isDriverAdapterError,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import { Lock } from './lock.ts';

/** Milliseconds that a statement waits for another process that writes to the same file. */
const BUSY_PATIENCE = 5_000;

/** Milliseconds between two tries; the thread is free meanwhile, which SQLite's own busy timeout would block. */
const BUSY_PAUSE = 10;

/**
 * Makes one SQLite connection safe to share: Prisma's adapter has a single one, on which a statement from outside
 * joins whatever transaction is open, and vanishes with its rollback.
 *
 * - Statements from outside wait until the open transaction has ended. First come, first served.
 * - Transactions begin IMMEDIATE. A deferred one that reads, then writes, fails where another process wrote in between.
 */
export function serialized(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => new SerializedAdapter(await factory.connect()),
  };
}

class SerializedAdapter implements SqlDriverAdapter {
  readonly provider;
  readonly adapterName;
  readonly #inner: SqlDriverAdapter;
  readonly #lock = new Lock();
  #disposed = false;

  constructor(inner: SqlDriverAdapter) {
    this.#inner = inner;
    this.provider = inner.provider;
    this.adapterName = inner.adapterName;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#alone(() => this.#inner.queryRaw(query));
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#alone(() => this.#inner.executeRaw(query));
  }

  executeScript(script: string): Promise<void> {
    return this.#alone(() => this.#inner.executeScript(script));
  }

  /**
   * The lock is held from BEGIN until Prisma calls `commit` or `rollback`, which it does in every case: also for a
   * transaction that timed out, whose COMMIT failed, or that it had given up waiting for (`maxWait`).
   */
  startTransaction(): Promise<Transaction> {
    return retried(async () => {
      await this.#enter();
      try {
        await this.#inner.executeRaw(statement('BEGIN IMMEDIATE'));
      } catch (error) {
        this.#lock.release();
        throw error;
      }
      return this.#transaction();
    });
  }

  /** Waits its turn, so that statements queued before it still run. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    await this.#lock.acquire();
    this.#disposed = true;
    try {
      await this.#inner.dispose();
    } finally {
      this.#lock.release();
    }
  }

  /** Runs a statement outside transactions. */
  #alone<T>(run: () => Promise<T>): Promise<T> {
    return retried(async () => {
      await this.#enter();
      try {
        return await run();
      } finally {
        this.#lock.release();
      }
    });
  }

  async #enter(): Promise<void> {
    await this.#lock.acquire();
    if (!this.#disposed) return;
    this.#lock.release();
    throw new DriverAdapterError({ kind: 'ConnectionClosed' });
  }

  /** What the adapter's own transactions are, without its deferred BEGIN. COMMIT and ROLLBACK are sent by Prisma. */
  #transaction(): Transaction {
    const inner = this.#inner;
    let ended = false;
    const execute = async (query: SqlQuery) => {
      const changes = await inner.executeRaw(query);
      ended ||= query.sql === 'COMMIT' || query.sql === 'ROLLBACK';
      return changes;
    };
    const end = async () => {
      // A COMMIT that failed may leave the transaction open, and Prisma sends no ROLLBACK after it.
      if (!ended) await inner.executeRaw(statement('ROLLBACK')).catch(() => {});
      this.#lock.release();
    };
    return {
      provider: inner.provider,
      adapterName: inner.adapterName,
      options: { usePhantomQuery: false },
      queryRaw: (query) => inner.queryRaw(query),
      executeRaw: execute,
      commit: end,
      rollback: end,
      createSavepoint: async (name) => void (await execute(statement(`SAVEPOINT ${name}`))),
      rollbackToSavepoint: async (name) => void (await execute(statement(`ROLLBACK TO ${name}`))),
      releaseSavepoint: async (name) => void (await execute(statement(`RELEASE SAVEPOINT ${name}`))),
    };
  }
}

/** Repeats what failed because another process holds SQLite's write lock; nothing of it has happened yet. */
async function retried<T>(run: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + BUSY_PATIENCE;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await wait(BUSY_PAUSE);
  }
}

/** The adapter calls every kind of SQLITE_BUSY a socket timeout. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && isDriverAdapterError(error) && error.cause.kind === 'SocketTimeout';
}

function statement(sql: string): SqlQuery {
  return { sql, args: [], argTypes: [] };
}
