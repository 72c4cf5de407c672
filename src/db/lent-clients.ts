import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQueryable } from '@prisma/driver-adapter-utils';
import { wrapAdapter } from './adapters/wrap.ts';
import { type Client, type DatabaseKind, type Models, makeClient } from './client.ts';

/** Error of a statement that is sent after the end of its transaction. */
export class TransactionEnded extends Error {
  constructor() {
    super('The transaction of this statement has ended');
  }
}

/** Models of a client that is lent to a transaction. */
export interface Loan {
  readonly models: Models;
  /** Ends the loan: operations that begin later fail. May be called twice. */
  end(): void;
}

/** Client, and the transaction that its statements go to at present. */
interface LentClient {
  readonly client: Client;
  readonly target: { transaction: SqlQueryable };
}

/**
 * Prisma clients whose statements go to a transaction that is already open. Prisma's own `$transaction` opens
 * one itself, at four times the cost, and has no way to send it a raw statement that bypasses the client.
 *
 * To make a client takes tens of milliseconds, so clients are reused. There are as many clients as
 * transactions that used a model at the same time; SQLite has one.
 */
export class LentClients {
  /** Used as a stack: the client used last has most statements compiled already. */
  readonly #free: LentClient[] = [];

  /**
   * Lends a client to a transaction.
   *
   * @param adapter that began the transaction
   */
  lend(kind: DatabaseKind, adapter: SqlDriverAdapter, transaction: SqlQueryable): Loan {
    const lent = this.#free.pop() ?? makeLentClient(kind, adapter, transaction);
    lent.target.transaction = transaction;
    let running = 0;
    let hasEnded = false;
    // An operation that is still under way would send its statements to the next transaction.
    const returnClient = () => {
      if (hasEnded && running === 0) this.#free.push(lent);
    };
    const models = lent.client.around(async (operation) => {
      if (hasEnded) throw new TransactionEnded();
      running++;
      try {
        return await operation();
      } finally {
        running--;
        returnClient();
      }
    });
    return {
      models,
      end: () => {
        if (hasEnded) return;
        hasEnded = true;
        returnClient();
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
 * Makes an adapter whose statements go to a transaction. When Prisma begins and ends a transaction by itself,
 * for an operation of several statements, that becomes part of the open transaction.
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
    // With this option, Prisma sends no COMMIT or ROLLBACK.
    options: { usePhantomQuery: true },
    commit: nothing,
    rollback: nothing,
  };
  const connect = async () =>
    wrapAdapter(adapter, { ...statements, startTransaction: async () => inner, dispose: nothing });
  return { provider, adapterName, connect };
}
