import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';

/** Another adapter over the same connection, which does some things in its own way. */
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
