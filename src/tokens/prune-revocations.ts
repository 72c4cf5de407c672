import type { Database } from '../db/client.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { prune } from '../db/raw/prune.ts';

/**
 * Milliseconds that rows are kept: a day, and the longest lifetime of an access token. A clock that is ahead
 * makes every row old. When it is set right again, the tokens that the rows revoke have not expired. With an
 * hour or two, the rows would be gone by then. Wrong clocks are mostly wrong by a time zone, or by a day at
 * most.
 */
const RETENTION_MS = 25 * 3_600_000;

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
