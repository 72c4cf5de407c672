import { setTimeout as wait } from 'node:timers/promises';
import { countUnsealed } from '../audit/count.ts';
import { countErasures } from '../audit/erase.ts';
import type { Db } from '../db/client.ts';
import { countUndelivered } from '../mail/due.ts';

/** Time that a scrape waits for the database. Prometheus gives up after ten seconds. */
const QUERY_TIMEOUT_MS = 1_000;

/** Numbers of rows that wait in the database. */
interface BacklogCounts {
  readonly mails: number;
  readonly events: number;
  readonly erasures: number;
}

/**
 * Counts the rows that wait in the database. Concurrent scrapes share one query, so that they never exhaust
 * the pool.
 */
export class Backlog {
  readonly #db: Db;
  #pending: Promise<BacklogCounts | undefined> | undefined;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Reads the counts. @returns undefined when the database is unavailable or slow */
  async read(): Promise<BacklogCounts | undefined> {
    this.#pending ??= this.#count();
    const timeout = new AbortController();
    const timedOut = wait(QUERY_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => undefined);
    const counts = await Promise.race([this.#pending, timedOut]);
    timeout.abort();
    return counts;
  }

  async #count(): Promise<BacklogCounts | undefined> {
    try {
      const [mails, events, erasures] = await Promise.all([
        countUndelivered(this.#db),
        countUnsealed(this.#db),
        countErasures(this.#db),
      ]);
      return { mails, events, erasures };
    } catch {
      return undefined;
    } finally {
      this.#pending = undefined;
    }
  }
}
