import type { Database } from '../db/client.ts';
import type { RunOptions } from '../db/raw/batches.ts';
import { prune } from '../db/raw/prune.ts';

/** Milliseconds after which failures that nobody repeated are forgotten. */
const MEMORY_MS = 30 * 86_400_000;

/** Milliseconds for which is kept what has no failures: who comes again soon finds a row. */
const SHORTEST_MEMORY_MS = 3_600_000;

/** Deletes what was not repeated for a month, and what has no failures and nothing under way. @returns how many rows */
export async function pruneFailedTries(
  { db, now }: Pick<Database, 'db' | 'now'>,
  options: RunOptions,
): Promise<number> {
  const time = (await now(db)).getTime();
  const lately = time - SHORTEST_MEMORY_MS;
  // One after the other: each is on an index of its own, of which it reads no more than it deletes.
  const old = { countedAt: { lt: time - MEMORY_MS } };
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
      // Written by hand: Prisma sends the 0 as a value, by which SQLite does not recognise the index.
      (take) => db.raw.query<{ id: string }>`
        SELECT "id" FROM "FailedTries" WHERE "failures" = 0 AND "countedAt" < ${lately} AND "pendingSince" < ${lately}
        ORDER BY "countedAt" LIMIT ${take}`,
      (ids) => db.failedTries.deleteMany({ where: { ...none, id: { in: ids } } }),
      options,
    ))
  );
}
