import type { Database, Db } from '../db/client.ts';
import { prune } from '../db/raw/prune.ts';
import { FARTHEST } from './retry-delay.ts';

/** A mail that is to be sent. */
export interface Due {
  readonly id: string;
  readonly recipient: string;
  readonly template: string;
  readonly values: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly createdAt: Date;
}

/** Gives up what is too late. @param signal ends it after a batch */
export async function expireMails(
  { db, now }: Pick<Database, 'db' | 'now'>,
  signal: AbortSignal,
): Promise<void> {
  const where = { outcome: null, notAfter: { lte: await now(db) } };
  const data = { outcome: 'expired', values: null };
  await prune(
    (take) => db.mail.findMany({ where, orderBy: { notAfter: 'asc' }, take, select: { id: true } }),
    (ids) => db.mail.updateMany({ where: { ...where, id: { in: ids } }, data }),
    { signal },
  );
}

/**
 * Reads what is due, those first that have waited for longest. What is to wait for longer than anything does was put off before the clock
 * was set back, and is read by itself: of either or the other, all that waits would be read.
 */
export async function readDue({ db, now }: Pick<Database, 'db' | 'now'>, limit: number): Promise<Due[]> {
  const time = await now(db);
  const farthest = new Date(time.getTime() + FARTHEST);
  const read = (nextAttemptAt: { readonly lte: Date } | { readonly gt: Date }, take: number) =>
    db.mail.findMany({ where: { outcome: null, nextAttemptAt }, orderBy: { nextAttemptAt: 'asc' }, take });
  const due = await read({ lte: time }, limit);
  return due.length === limit ? due : [...due, ...(await read({ gt: farthest }, limit - due.length))];
}

/** How many mails wait to be sent. */
export function countUndelivered(db: Db): Promise<number> {
  return db.mail.count({ where: { outcome: null } });
}
