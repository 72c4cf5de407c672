import { setTimeout as wait } from 'node:timers/promises';
import type {
  Transaction as AdapterTransaction,
  SqlDriverAdapter,
  SqlQuery,
  SqlQueryable,
} from '@prisma/driver-adapter-utils';
import type { DatabaseKind, Statements, Transaction, TransactionOptions } from './client.ts';
import { tooLate, withDeadline } from './deadline.ts';
import { isConflict } from './errors.ts';
import { type LentClients, type Loan, TransactionEnded } from './lent-clients.ts';
import { LazyModels } from './models.ts';
import { rawStatements } from './raw/raw.ts';

/**
 * Milliseconds that the work of a transaction may take, each try by itself. What a process commits later than this after
 * it began does not exist, so whoever polls for new rows must look back further.
 */
export const TRANSACTION_TIMEOUT = 5_000;

/** Milliseconds that a transaction waits to begin: for a free connection, or for SQLite's one writer. */
export const TRANSACTION_MAX_WAIT = 5_000;

/** Tries of one transaction. Of 300 at once on one row none needed more than 4, on Postgres with ten connections. */
const ATTEMPTS = 20;

/** Milliseconds, upper bounds of the random pause between the second try and the third, and between later ones. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 200;

/** Not raw statements: those get names (statement-names.ts), and the end of a transaction must have none. */
const commit: SqlQuery = { sql: 'COMMIT', args: [], argTypes: [] };
const rollback: SqlQuery = { sql: 'ROLLBACK', args: [], argTypes: [] };

/** Those of a database's transactions that have lost a conflict take turns; this is the end of the queue. */
const queues = new WeakMap<object, Promise<unknown>>();

/** What transactions of a database are made of. */
interface Source {
  readonly kind: DatabaseKind;
  /** Gives the adapter that Prisma's client uses. */
  connect(): Promise<SqlDriverAdapter>;
  readonly clients: LentClients;
}

/** Begins one transaction, runs work in it once, and commits it; see `Db.transaction`. */
export async function runTransaction<T>(
  source: Source,
  work: (tx: Transaction) => Promise<T>,
  { maxWaitMs = TRANSACTION_MAX_WAIT }: TransactionOptions,
): Promise<T> {
  const adapter = await source.connect();
  const transaction = await begin(adapter, maxWaitMs);
  const tx = new OpenTransaction(source, adapter, transaction);
  try {
    const result = await withDeadline(work(tx), TRANSACTION_TIMEOUT);
    tx.requireTime();
    tx.end();
    await transaction.executeRaw(commit);
    return result;
  } catch (error) {
    tx.end();
    await undo(transaction);
    throw error;
  } finally {
    // Whatever became of it, this frees the connection.
    await transaction.commit();
  }
}

/** Raw statements and Prisma's models in one transaction, which takes a client only when a model is used. */
class OpenTransaction extends LazyModels implements Transaction {
  readonly raw: Statements;
  readonly #lend: () => Loan;
  readonly #deadline = performance.now() + TRANSACTION_TIMEOUT;
  #loan: Loan | undefined;
  #hasEnded = false;

  constructor({ kind, clients }: Source, adapter: SqlDriverAdapter, transaction: AdapterTransaction) {
    super();
    const { provider, adapterName } = transaction;
    const whileOpen = <T>(statement: () => Promise<T>) => {
      this.#requireOpen();
      this.requireTime();
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

  /** Where statements leave the event loop no turn, as on SQLite, no timer fires. */
  requireTime(): void {
    if (performance.now() > this.#deadline) throw tooLate();
  }

  /** May be called twice: also when COMMIT fails. */
  end(): void {
    this.#hasEnded = true;
    this.#loan?.end();
  }

  /** On SQLite, a later statement would run in another transaction. */
  #requireOpen(): void {
    if (this.#hasEnded) throw new TransactionEnded();
  }
}

/** Begins in time. A transaction that begins later is given back. */
async function begin(adapter: SqlDriverAdapter, maxWaitMs: number): Promise<AdapterTransaction> {
  const beginning = adapter.startTransaction('SERIALIZABLE');
  try {
    return await withDeadline(beginning, maxWaitMs);
  } catch (error) {
    beginning.then(refund).catch(() => {});
    throw error;
  }
}

async function refund(transaction: AdapterTransaction): Promise<void> {
  await undo(transaction);
  await transaction.commit();
}

/** Where it fails too, there is nothing left to roll back: the connection is gone, or the transaction. */
async function undo(transaction: AdapterTransaction): Promise<void> {
  await transaction.executeRaw(rollback).catch(() => {});
}

/**
 * Tries a Serializable transaction, or a statement that may be in others' way, until the database finds nobody in its way.
 *
 * @param queue whose tries take turns when they have lost a conflict
 */
export async function retryConflicts<T>(queue: object, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return inTurn(queue, () => retry(attempt));
}

/** Other processes may still be in the way; the pause is random so that they do not meet again. */
async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let number = 2; ; number++) {
    try {
      return await attempt();
    } catch (error) {
      if (number === ATTEMPTS || !isConflict(error)) throw error;
    }
    await wait(Math.random() * Math.min(FIRST_PAUSE * 2 ** (number - 2), LONGEST_PAUSE));
  }
}

/**
 * Runs after those before it. All at once they would lose again, nine of ten with each try. Whoever has waited for the time
 * of a whole transaction goes ahead nevertheless, so that a slow one does not stop the others.
 */
function inTurn<T>(queue: object, run: () => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const { signal } = patience;
  const waited = wait(TRANSACTION_TIMEOUT, undefined, { ref: false, signal }).catch(() => {});
  const before = Promise.race([queues.get(queue), waited]).finally(() => patience.abort());
  const turn = before.then(run);
  queues.set(
    queue,
    turn.catch(() => {}),
  );
  return turn;
}
