import { channel } from 'node:diagnostics_channel';
import type {
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlQueryable,
  Transaction,
} from '@prisma/driver-adapter-utils';
import { wrapAdapter } from './wrap.ts';

/**
 * The diagnostics channel that gets the text of each statement when it goes to the database, as
 * `{ text }`, without its values. It costs nothing where nobody has subscribed when a database is opened.
 *
 * https://nodejs.org/api/diagnostics_channel.html
 */
export const STATEMENTS_CHANNEL = 'latchkey.statement';

const statements = channel(STATEMENTS_CHANNEL);

/** Publishes the statements of all adapters that a factory makes. */
export function publishStatements(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  if (!statements.hasSubscribers) return factory;
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = await factory.connect();
      return wrapAdapter(adapter, {
        ...publishing(adapter),
        startTransaction: async (isolationLevel) =>
          publishingTransaction(await adapter.startTransaction(isolationLevel)),
      });
    },
  };
}

function publishing(target: SqlQueryable): Pick<SqlQueryable, 'queryRaw' | 'executeRaw'> {
  const publish = ({ sql }: SqlQuery) => statements.publish({ text: sql });
  return {
    queryRaw: (query) => {
      publish(query);
      return target.queryRaw(query);
    },
    executeRaw: (query) => {
      publish(query);
      return target.executeRaw(query);
    },
  };
}

function publishingTransaction(transaction: Transaction): Transaction {
  return {
    provider: transaction.provider,
    adapterName: transaction.adapterName,
    options: transaction.options,
    ...publishing(transaction),
    commit: () => transaction.commit(),
    rollback: () => transaction.rollback(),
    createSavepoint: async (name) => transaction.createSavepoint?.(name),
    rollbackToSavepoint: async (name) => transaction.rollbackToSavepoint?.(name),
    releaseSavepoint: async (name) => transaction.releaseSavepoint?.(name),
  };
}
