import type { Database } from '../db/client.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { prune } from '../db/raw/prune.ts';
import { KEPT_PREFIX } from './kept.ts';

/** Time after which failures are deleted when no more of them follow. */
const RETENTION_MS = 30 * 86_400_000;

/** Time that a row without failures is kept: the next attempt often follows soon. */
const MIN_RETENTION_MS = 3_600_000;

/**
 * Deletes rows without an attempt for a month, except those that are kept, and rows without failures and
 * attempts under way.
 *
 * @returns the number of rows deleted
 */
export async function pruneFailedAttempts(
  { db, now }: Pick<Database, 'db' | 'now'>,
  options: RunOptions,
): Promise<number> {
  const time = (await now(db)).getTime();
  const lately = time - MIN_RETENTION_MS;
  // In two steps: each uses its own index, and reads no more rows than it deletes.
  const old = { countedAt: { lt: time - RETENTION_MS }, NOT: { id: { startsWith: KEPT_PREFIX } } };
  const none = { failures: 0, countedAt: { lt: lately }, pendingSince: { lt: lately } };
  const pruned = await prune(
    (take) =>
      db.failedTries.findMany({ where: old, orderBy: { countedAt: 'asc' }, take, select: { id: true } }),
    (ids) => db.failedTries.deleteMany({ where: { ...old, id: { in: ids } } }),
    options,
  );
  return (
    pruned +
    (await prune(
      // A raw statement: Prisma sends the 0 as a parameter, with which SQLite cannot use the partial index.
      (take) => db.raw.query<{ id: string }>`
        SELECT "id" FROM "FailedTries" WHERE "failures" = 0 AND "countedAt" < ${lately} AND "pendingSince" < ${lately}
        ORDER BY "countedAt" LIMIT ${take}`,
      (ids) => db.failedTries.deleteMany({ where: { ...none, id: { in: ids } } }),
      options,
    ))
  );
}
