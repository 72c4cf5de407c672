import type { Db } from '../../db/client.ts';
import type { AccountsContext } from '../context.ts';
import { Turns } from './turns.ts';

/** Sessions that one statement counts. SQLite blocks the event loop for the time of a statement. */
const PAGE_SIZE = 5_000;

/** Pages up to which the sessions are counted at each look. */
const FREE_PAGES = 2;

/** Milliseconds for which a count is kept, for each page: counting takes a hundredth of the time at most. */
const KEPT_MS_PER_PAGE = 500;

/** The number of active sessions. */
export interface ActiveSessions {
  readonly count: number;
  /** The time of the count. */
  readonly asOf: Date;
}

/** Number of active sessions. Many are not counted at each look: the answer then has the last count. */
export class SessionCount {
  readonly #context: Pick<AccountsContext, 'db' | 'now'>;
  readonly #turns = new Turns();
  #last: ActiveSessions | undefined;
  /** performance.now() until which the last count is kept. */
  #keptUntil = 0;

  constructor(context: Pick<AccountsContext, 'db' | 'now'>) {
    this.#context = context;
  }

  /** Counts the sessions that have not ended, or returns the last count. */
  read(): Promise<ActiveSessions> {
    return this.#turns.run(() => this.#read());
  }

  async #read(): Promise<ActiveSessions> {
    if (this.#last !== undefined && performance.now() < this.#keptUntil) return this.#last;
    const { db, now } = this.#context;
    const asOf = await now(db);
    const { all, pages } = await countAll(db);
    this.#last = { count: Math.max(0, all - (await countEnded(db, asOf))), asOf };
    this.#keptUntil = pages <= FREE_PAGES ? 0 : performance.now() + pages * KEPT_MS_PER_PAGE;
    return this.#last;
  }
}

async function countAll(db: Db): Promise<{ readonly all: number; readonly pages: number }> {
  let [after, all] = ['', 0];
  for (let pages = 1; ; pages++) {
    const [page] = await db.raw.query<{ rows: number; last: string | null }>`
      SELECT count(*) AS "rows", max("id") AS "last" FROM (
        SELECT "id" FROM "Session" WHERE "id" > ${after} ORDER BY "id" LIMIT ${PAGE_SIZE}
      ) AS "page"`;
    all += Number(page?.rows ?? 0);
    if (page?.last == null || Number(page.rows) < PAGE_SIZE) return { all, pages };
    after = page.last;
  }
}

/**
 * Counts the sessions that have ended. A job deletes them, so there are few, while a condition on both times
 * for those that have not would read the row of each session. The statements do not see one moment: a session
 * that ends between them is counted or not.
 */
async function countEnded(db: Db, time: Date): Promise<number> {
  const isOver = { lte: time };
  const [expired, idle, both] = await Promise.all([
    db.session.count({ where: { expiresAt: isOver } }),
    db.session.count({ where: { idleUntil: isOver } }),
    db.session.count({ where: { expiresAt: isOver, idleUntil: isOver } }),
  ]);
  return expired + idle - both;
}
