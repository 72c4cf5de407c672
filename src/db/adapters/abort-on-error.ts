import type { SqlDriverAdapterFactory, SqlQuery, Transaction } from '@prisma/driver-adapter-utils';
import { wrapAdapter, wrapFactory, wrapTransaction } from './wrap.ts';

const rollback: SqlQuery = { sql: 'ROLLBACK', args: [], argTypes: [] };

/**
 * Aborts a transaction when one of its statements fails: every later statement, COMMIT included, fails with
 * the same error.
 *
 * Postgres aborts such a transaction and then answers COMMIT with a ROLLBACK that is not reported as an
 * error. Work that caught the error would believe that it was saved. SQLite would save what the other
 * statements did. With this wrapper, both databases refuse.
 */
export function abortingTransaction(transaction: Transaction): Transaction {
  let failure: { readonly error: unknown } | undefined;

  async function attempt<T>(statement: () => Promise<T>): Promise<T> {
    if (failure) throw failure.error;
    try {
      return await statement();
    } catch (error) {
      failure = { error };
      throw error;
    }
  }

  return wrapTransaction(transaction, {
    queryRaw: (query) => attempt(() => transaction.queryRaw(query)),
    executeRaw: async (query) => {
      // Prisma sends no ROLLBACK after a failed COMMIT. The connection would return to Postgres's pool with
      // the transaction still open.
      if (query.sql === 'COMMIT' && failure) await transaction.executeRaw(rollback);
      return query.sql === 'ROLLBACK'
        ? transaction.executeRaw(query)
        : attempt(() => transaction.executeRaw(query));
    },
    createSavepoint: (name) => attempt(async () => transaction.createSavepoint?.(name)),
    rollbackToSavepoint: async (name) => {
      await transaction.rollbackToSavepoint?.(name);
      failure = undefined;
    },
    releaseSavepoint: (name) => attempt(async () => transaction.releaseSavepoint?.(name)),
  });
}

/** Applies {@link abortingTransaction} to every transaction of the adapters that a factory makes. */
export function abortOnError(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  return wrapFactory(factory, (adapter) =>
    wrapAdapter(adapter, {
      startTransaction: async (isolationLevel) =>
        abortingTransaction(await adapter.startTransaction(isolationLevel)),
    }),
  );
}
