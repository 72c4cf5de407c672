import type { SqlDriverAdapter, SqlDriverAdapterFactory, Transaction } from '@prisma/driver-adapter-utils';

/** Wraps an adapter: some of its methods are replaced, the connection stays the same. */
export function wrapAdapter(adapter: SqlDriverAdapter, changes: Partial<SqlDriverAdapter>): SqlDriverAdapter {
  const connectionInfo = adapter.getConnectionInfo?.();
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => adapter.queryRaw(query),
    executeRaw: (query) => adapter.executeRaw(query),
    executeScript: (script) => adapter.executeScript(script),
    startTransaction: (isolationLevel) => adapter.startTransaction(isolationLevel),
    dispose: () => adapter.dispose(),
    ...(connectionInfo && { getConnectionInfo: () => connectionInfo }),
    ...changes,
  };
}

/** Wraps a transaction: some of its methods are replaced. */
export function wrapTransaction(transaction: Transaction, changes: Partial<Transaction>): Transaction {
  return {
    provider: transaction.provider,
    adapterName: transaction.adapterName,
    options: transaction.options,
    queryRaw: (query) => transaction.queryRaw(query),
    executeRaw: (query) => transaction.executeRaw(query),
    commit: () => transaction.commit(),
    rollback: () => transaction.rollback(),
    createSavepoint: async (name) => transaction.createSavepoint?.(name),
    rollbackToSavepoint: async (name) => transaction.rollbackToSavepoint?.(name),
    releaseSavepoint: async (name) => transaction.releaseSavepoint?.(name),
    ...changes,
  };
}

/** Wraps a factory: each adapter that it makes is wrapped. */
export function wrapFactory(
  factory: SqlDriverAdapterFactory,
  wrap: (adapter: SqlDriverAdapter) => SqlDriverAdapter,
): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => wrap(await factory.connect()),
  };
}
