import { setTimeout as wait } from 'node:timers/promises';
import { isConflict } from './errors.ts';
import type { Prisma, PrismaClient } from './generated/sqlite/client.ts';

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

/** Those of a database's transactions that have lost a conflict take turns; this is the end of the queue. */
const queues = new WeakMap<object, Promise<unknown>>();

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
export function transaction<T>(
  db: PrismaClient,
  work: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return retryConflicts(db, () =>
    db.$transaction(work, {
      isolationLevel: 'Serializable',
      maxWait: TRANSACTION_MAX_WAIT,
      timeout: TRANSACTION_TIMEOUT,
    }),
  );
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
