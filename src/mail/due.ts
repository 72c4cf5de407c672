import type { Database, Db } from '../db/client.ts';
import { prune } from '../db/raw/prune.ts';
import { MAX_JITTERED_RETRY_DELAY_MS } from './retry-delay.ts';

/** A mail that is to be sent. */
export interface DueMail {
  readonly id: string;
  readonly recipient: string;
  readonly template: string;
  readonly values: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly createdAt: Date;
}

/** Marks the mails that are too late as expired. @param signal stops after the current batch */
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
 * Reads the mails that are due, longest waiting first. A mail whose next attempt is later than the longest
 * retry delay was postponed before the clock was set back; it is due as well. It is read by a second query:
 * an `OR` of both conditions would read all mails that wait.
 */
export async function readDue({ db, now }: Pick<Database, 'db' | 'now'>, limit: number): Promise<DueMail[]> {
  const time = await now(db);
  const latest = new Date(time.getTime() + MAX_JITTERED_RETRY_DELAY_MS);
  const read = (nextAttemptAt: { readonly lte: Date } | { readonly gt: Date }, take: number) =>
    db.mail.findMany({ where: { outcome: null, nextAttemptAt }, orderBy: { nextAttemptAt: 'asc' }, take });
  const due = await read({ lte: time }, limit);
  return due.length === limit ? due : [...due, ...(await read({ gt: latest }, limit - due.length))];
}

/** Counts the mails that are not sent yet. */
export function countUndelivered(db: Db): Promise<number> {
  return db.mail.count({ where: { outcome: null } });
}
