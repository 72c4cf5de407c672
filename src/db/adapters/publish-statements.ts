import { channel } from 'node:diagnostics_channel';
import type { SqlDriverAdapterFactory, SqlQuery, SqlQueryable } from '@prisma/driver-adapter-utils';
import { wrapAdapter, wrapFactory, wrapTransaction } from './wrap.ts';

/**
 * Diagnostics channel for the text of each statement that is sent to the database, as `{ text }`, without its
 * values. Without a subscriber at the time a database is opened, it costs nothing.
 *
 * https://nodejs.org/api/diagnostics_channel.html
 */
export const STATEMENTS_CHANNEL = 'latchkey.statement';

const statements = channel(STATEMENTS_CHANNEL);

/** Publishes the statements of all adapters that a factory makes. */
export function publishStatements(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  if (!statements.hasSubscribers) return factory;
  return wrapFactory(factory, (adapter) =>
    wrapAdapter(adapter, {
      ...publishing(adapter),
      startTransaction: async (isolationLevel) => {
        const transaction = await adapter.startTransaction(isolationLevel);
        return wrapTransaction(transaction, publishing(transaction));
      },
    }),
  );
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
