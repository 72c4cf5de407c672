import { setTimeout as wait } from 'node:timers/promises';
import type { Db, Transaction } from './client.ts';
import { isConflict } from './errors.ts';

/**
 * Milliseconds that the work of a transaction may take, each try by itself. What a process commits later than this after
 * it began does not exist, so whoever polls for new rows must look back further.
 */
export const TRANSACTION_TIMEOUT = 5_000;

/** Milliseconds that a transaction waits to begin: for a free connection, or for SQLite's one writer. */
export const TRANSACTION_MAX_WAIT = 5_000;

/** Tries of one transaction. 300 at once on one row needed 14 at most on Postgres with ten connections. */
const ATTEMPTS = 40;

/** Milliseconds, upper bounds of the random pause before the second try and before the later ones. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 200;

/**
 * Runs work as if it were alone (Serializable), and commits what it did, or none of it when it throws.
 * When the database finds that somebody else changed what the work had read, it runs again: **work may run several
 * times**, so it must have no effects but those of its statements. Hash passwords and send mail outside.
 *
 * @param work gets the transaction, and must use it instead of `db`: on SQLite, a statement on `db` waits for the end
 *   of the transaction. A statement that failed ends the transaction, whether or not the work catches its error
 * @returns what the work returned in the try that was committed
 * @throws whatever the work throws; an error for which `isUnavailable` holds when there was no way to commit
 */
export async function transaction<T>(db: Db, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.$transaction(work, {
        isolationLevel: 'Serializable',
        maxWait: TRANSACTION_MAX_WAIT,
        timeout: TRANSACTION_TIMEOUT,
      });
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(error)) throw error;
    }
    await wait(Math.random() * Math.min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE));
  }
}
