import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQueryable } from '@prisma/driver-adapter-utils';
import { wrapAdapter } from './adapters/wrap.ts';
import { type Client, type DatabaseKind, type Models, makeClient } from './client.ts';

/** The error of a statement that comes after the end of its transaction. */
export class TransactionEnded extends Error {
  constructor() {
    super('The transaction of this statement has ended');
  }
}

/** A client's models in a transaction. */
export interface Loan {
  readonly models: Models;
  /** Ends the loan: an operation that begins later fails. May be called twice. */
  end(): void;
}

/** A client, and the transaction into which its statements go at present. */
interface LentClient {
  readonly client: Client;
  readonly target: { transaction: SqlQueryable };
}

/**
 * Clients of Prisma whose statements go into a transaction that is open already. Prisma's own `$transaction`
 * opens one itself, for four times the price, and has no way to send a raw statement into it past the client.
 *
 * Making a client takes tens of milliseconds, so it is lent to one transaction after the other: there are as
 * many as transactions that used a model at the same time, of which SQLite has one.
 */
export class LentClients {
  /** The last one is lent first: it has worked out most statements already. */
  readonly #free: LentClient[] = [];

  /**
   * Lends a client for a transaction.
   *
   * @param adapter that began the transaction
   */
  lend(kind: DatabaseKind, adapter: SqlDriverAdapter, transaction: SqlQueryable): Loan {
    const lent = this.#free.pop() ?? makeLentClient(kind, adapter, transaction);
    lent.target.transaction = transaction;
    let running = 0;
    let hasEnded = false;
    // An operation that is still under way would send its statements into the next transaction.
    const refund = () => {
      if (hasEnded && running === 0) this.#free.push(lent);
    };
    const models = lent.client.around(async (operation) => {
      if (hasEnded) throw new TransactionEnded();
      running++;
      try {
        return await operation();
      } finally {
        running--;
        refund();
      }
    });
    return {
      models,
      end: () => {
        if (hasEnded) return;
        hasEnded = true;
        refund();
      },
    };
  }
}

function makeLentClient(
  kind: DatabaseKind,
  adapter: SqlDriverAdapter,
  transaction: SqlQueryable,
): LentClient {
  const target: LentClient['target'] = { transaction };
  return { client: makeClient(kind, factoryInto(adapter, target)), target };
}

/**
 * An adapter whose statements go into a transaction. What Prisma begins and ends by itself, for an operation
 * of several statements, is part of it.
 */
function factoryInto(adapter: SqlDriverAdapter, target: LentClient['target']): SqlDriverAdapterFactory {
  const { provider, adapterName } = adapter;
  const statements = {
    queryRaw: (query) => target.transaction.queryRaw(query),
    executeRaw: (query) => target.transaction.executeRaw(query),
  } satisfies Partial<SqlQueryable>;
  const nothing = async () => {};
  const inner = {
    ...{ provider, adapterName, ...statements },
    // Prisma then sends no COMMIT or ROLLBACK.
    options: { usePhantomQuery: true },
    commit: nothing,
    rollback: nothing,
  };
  const connect = async () =>
    wrapAdapter(adapter, { ...statements, startTransaction: async () => inner, dispose: nothing });
  return { provider, adapterName, connect };
}
