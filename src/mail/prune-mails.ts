import type { Database } from '../db/client.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { prune } from '../db/raw/prune.ts';

/** Milliseconds that settled mails are kept: those of the last hour are counted. */
const RETENTION = 86_400_000;

/** Deletes the mails that were settled a day ago. @returns how many */
export async function pruneMails(
  { db, now }: Pick<Database, 'db' | 'now'>,
  options: RunOptions = {},
): Promise<number> {
  const before = new Date((await now(db)).getTime() - RETENTION);
  const where = { outcome: { not: null }, createdAt: { lt: before } };
  return prune(
    (take) => db.mail.findMany({ where, orderBy: { createdAt: 'asc' }, take, select: { id: true } }),
    (ids) => db.mail.deleteMany({ where: { id: { in: ids } } }),
    options,
  );
}
