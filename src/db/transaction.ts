import { setTimeout as wait } from 'node:timers/promises';
import type {
  Transaction as AdapterTransaction,
  SqlDriverAdapter,
  SqlQuery,
  SqlQueryable,
} from '@prisma/driver-adapter-utils';
import type { DatabaseKind, Statements, Transaction, TransactionOptions } from './client.ts';
import { timeoutError, withDeadline } from './deadline.ts';
import { isConflict } from './errors.ts';
import { type LentClients, type Loan, TransactionEnded } from './lent-clients.ts';
import { LazyModels } from './models.ts';
import { rawStatements } from './raw/raw.ts';

/**
 * Time that each attempt of a transaction's work may take. A process never commits later than this after the
 * begin, so a poller of new rows must look back further.
 */
export const TRANSACTION_TIMEOUT_MS = 5_000;

/** Time that a transaction waits to begin: for a free connection, or for SQLite's single writer. */
export const TRANSACTION_MAX_WAIT_MS = 5_000;

/**
 * Maximum of attempts per transaction. With 300 transactions at once on one row, none needed more than 4, on
 * Postgres with ten connections.
 */
const MAX_ATTEMPTS = 20;

/** Upper bounds of the random backoff: before the third attempt, and before later ones. */
const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 200;

/**
 * Not raw statements: those get names (statement-names.ts), and the end of a transaction must not have one.
 */
const commit: SqlQuery = { sql: 'COMMIT', args: [], argTypes: [] };
const rollback: SqlQuery = { sql: 'ROLLBACK', args: [], argTypes: [] };

/** Tails of the retry queues: a database's transactions that have lost a conflict are retried one by one. */
const queues = new WeakMap<object, Promise<unknown>>();

/** Resources for the transactions of a database. */
interface Source {
  readonly kind: DatabaseKind;
  /** Returns the adapter that Prisma's client uses. */
  connect(): Promise<SqlDriverAdapter>;
  readonly clients: LentClients;
}

/** Runs one attempt: begins a transaction, runs the work in it, and commits; see `Db.transaction`. */
export async function runTransaction<T>(
  source: Source,
  work: (tx: Transaction) => Promise<T>,
  { maxWaitMs = TRANSACTION_MAX_WAIT_MS }: TransactionOptions,
): Promise<T> {
  const adapter = await source.connect();
  const transaction = await begin(adapter, maxWaitMs);
  const tx = new OpenTransaction(source, adapter, transaction);
  try {
    const result = await withDeadline(work(tx), TRANSACTION_TIMEOUT_MS);
    tx.requireBeforeDeadline();
    tx.end();
    await transaction.executeRaw(commit);
    return result;
  } catch (error) {
    tx.end();
    await rollBack(transaction);
    throw error;
  } finally {
    // In every case, this frees the connection.
    await transaction.commit();
  }
}

/** Raw statements and Prisma's models in one transaction, which takes a client only when a model is used. */
class OpenTransaction extends LazyModels implements Transaction {
  readonly raw: Statements;
  readonly #lend: () => Loan;
  readonly #deadline = performance.now() + TRANSACTION_TIMEOUT_MS;
  #loan: Loan | undefined;
  #hasEnded = false;

  constructor({ kind, clients }: Source, adapter: SqlDriverAdapter, transaction: AdapterTransaction) {
    super();
    const { provider, adapterName } = transaction;
    const whileOpen = <T>(statement: () => Promise<T>) => {
      this.#requireOpen();
      this.requireBeforeDeadline();
      return statement();
    };
    const guarded: SqlQueryable = {
      ...{ provider, adapterName },
      queryRaw: async (query) => whileOpen(() => transaction.queryRaw(query)),
      executeRaw: async (query) => whileOpen(() => transaction.executeRaw(query)),
    };
    this.raw = rawStatements(kind, async () => guarded);
    this.#lend = () => clients.lend(kind, adapter, guarded);
  }

  protected override get models() {
    this.#requireOpen();
    this.#loan ??= this.#lend();
    return this.#loan.models;
  }

  /**
   * Checks the deadline. On SQLite, synchronous statements leave the event loop no turn, and no timer fires.
   */
  requireBeforeDeadline(): void {
    if (performance.now() > this.#deadline) throw timeoutError();
  }

  /** Ends the use of the transaction. May be called twice: also when COMMIT fails. */
  end(): void {
    this.#hasEnded = true;
    this.#loan?.end();
  }

  /** Refuses later statements: on SQLite, they would run in another transaction. */
  #requireOpen(): void {
    if (this.#hasEnded) throw new TransactionEnded();
  }
}

/**
 * Begins a transaction within a timeout. When it begins later, it is rolled back and its connection freed.
 */
async function begin(adapter: SqlDriverAdapter, maxWaitMs: number): Promise<AdapterTransaction> {
  const beginning = adapter.startTransaction('SERIALIZABLE');
  try {
    return await withDeadline(beginning, maxWaitMs);
  } catch (error) {
    beginning.then(abandon).catch(() => {});
    throw error;
  }
}

async function abandon(transaction: AdapterTransaction): Promise<void> {
  await rollBack(transaction);
  await transaction.commit();
}

/**
 * Rolls back. When that fails too, the connection or the transaction is gone, and nothing is left to roll
 * back.
 */
async function rollBack(transaction: AdapterTransaction): Promise<void> {
  await transaction.executeRaw(rollback).catch(() => {});
}

/**
 * Retries a Serializable transaction, or a statement that may conflict with others, until it meets no
 * conflict.
 *
 * @param queue attempts with the same queue are retried one by one after a conflict
 */
export async function retryConflicts<T>(queue: object, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return enqueue(queue, () => retry(attempt));
}

/** Retries with a random backoff: other processes may still conflict, and must not meet again. */
async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let number = 2; ; number++) {
    try {
      return await attempt();
    } catch (error) {
      if (number === MAX_ATTEMPTS || !isConflict(error)) throw error;
    }
    await wait(Math.random() * Math.min(FIRST_BACKOFF_MS * 2 ** (number - 2), MAX_BACKOFF_MS));
  }
}

/**
 * Runs after the retries before it. All at once, nine of ten would lose again at each attempt. After the time
 * of a whole transaction, a retry goes ahead anyway, so that a slow one does not stop the others.
 */
function enqueue<T>(queue: object, run: () => Promise<T>): Promise<T> {
  const timer = new AbortController();
  const { signal } = timer;
  const timeout = wait(TRANSACTION_TIMEOUT_MS, undefined, { ref: false, signal }).catch(() => {});
  const earlier = Promise.race([queues.get(queue), timeout]).finally(() => timer.abort());
  const retried = earlier.then(run);
  queues.set(
    queue,
    retried.catch(() => {}),
  );
  return retried;
}
