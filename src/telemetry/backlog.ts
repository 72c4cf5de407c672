import { setTimeout as wait } from 'node:timers/promises';
import { countUnsealed } from '../audit/count.ts';
import type { Db } from '../db/client.ts';
import { countUndelivered } from '../mail/due.ts';

/** Milliseconds that a scrape waits for the database; Prometheus gives up after ten seconds. */
const PATIENCE = 1_000;

/** What waits in the database. */
interface Waiting {
  readonly mails: number;
  readonly events: number;
}

/** Counts what waits in the database, once for all who ask at a time: scrapes never fill the pool. */
export class Backlog {
  readonly #db: Db;
  #underWay: Promise<Waiting | undefined> | undefined;

  constructor(db: Db) {
    this.#db = db;
  }

  /** @returns undefined when the database is away, or takes its time */
  async read(): Promise<Waiting | undefined> {
    this.#underWay ??= this.#count();
    const patience = new AbortController();
    const tooLate = wait(PATIENCE, undefined, { signal: patience.signal }).catch(() => undefined);
    const waiting = await Promise.race([this.#underWay, tooLate]);
    patience.abort();
    return waiting;
  }

  async #count(): Promise<Waiting | undefined> {
    try {
      const [mails, events] = await Promise.all([countUndelivered(this.#db), countUnsealed(this.#db)]);
      return { mails, events };
    } catch {
      return undefined;
    } finally {
      this.#underWay = undefined;
    }
  }
}
