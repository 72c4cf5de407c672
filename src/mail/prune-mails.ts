import type { Database } from '../db/client.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { prune } from '../db/raw/prune.ts';

/** Retention of mails that have an outcome. Those of the last hour are still counted. */
const RETENTION_MS = 86_400_000;

/** Deletes the mails with an outcome that are older than a day. @returns number of deleted mails */
export async function pruneMails(
  { db, now }: Pick<Database, 'db' | 'now'>,
  options: RunOptions = {},
): Promise<number> {
  const before = new Date((await now(db)).getTime() - RETENTION_MS);
  const where = { outcome: { not: null }, createdAt: { lt: before } };
  return prune(
    (take) => db.mail.findMany({ where, orderBy: { createdAt: 'asc' }, take, select: { id: true } }),
    (ids) => db.mail.deleteMany({ where: { id: { in: ids } } }),
    options,
  );
}
