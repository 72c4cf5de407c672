import type { SqlDriverAdapterFactory, SqlQueryable } from '@prisma/driver-adapter-utils';
import { isDiskFull } from '../errors.ts';
import { wrapAdapter, wrapFactory, wrapTransaction } from './wrap.ts';

/** Calls `note` when a statement fails because the disk of the database is full. */
export function noteFullDisk(factory: SqlDriverAdapterFactory, note: () => void): SqlDriverAdapterFactory {
  const look = (error: unknown): never => {
    if (isDiskFull(error)) note();
    throw error;
  };
  const noting = (target: SqlQueryable): Pick<SqlQueryable, 'queryRaw' | 'executeRaw'> => ({
    queryRaw: (query) => target.queryRaw(query).catch(look),
    executeRaw: (query) => target.executeRaw(query).catch(look),
  });
  return wrapFactory(factory, (adapter) =>
    wrapAdapter(adapter, {
      ...noting(adapter),
      startTransaction: async (isolationLevel) => {
        const transaction = await adapter.startTransaction(isolationLevel).catch(look);
        return wrapTransaction(transaction, noting(transaction));
      },
    }),
  );
}
