import type { Database } from '../db/client.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { prune } from '../db/raw/prune.ts';

/** Milliseconds that rows are kept: twice the longest lifetime of an access token. */
const RETENTION_MS = 2 * 3_600_000;

/**
 * Deletes the rows of revocations whose tokens expired long ago.
 *
 * @returns the number of rows
 */
export async function pruneRevocations(
  { db, now }: Pick<Database, 'db' | 'now'>,
  options: RunOptions = {},
): Promise<number> {
  const before = new Date((await now(db)).getTime() - RETENTION_MS);
  const where = { createdAt: { lt: before } };
  return prune(
    (take) => db.revocation.findMany({ where, orderBy: { createdAt: 'asc' }, take, select: { id: true } }),
    (ids) => db.revocation.deleteMany({ where: { id: { in: ids } } }),
    options,
  );
}
