import { type RunOptions, runBatches } from './batches.ts';

/** Rows that one statement deletes: Postgres ends a statement after 5 s (postgres.ts), and SQLite's writers wait for it. */
const BATCH = 500;

/**
 * Deletes rows in batches until none is left, or the run is over.
 *
 * @param find reads the ids of some rows that are to go, in the order of the index that finds them: where it says no order, Prisma has
 *   the first by their ids looked for, which reads the whole table where there are few
 * @param remove deletes the rows with these ids
 * @returns how many went
 */
export function prune(
  find: (take: number) => Promise<{ id: string }[]>,
  remove: (ids: string[]) => Promise<{ count: number }>,
  options: RunOptions = {},
): Promise<number> {
  return runBatches(async () => {
    const ids = (await find(BATCH)).map(({ id }) => id);
    const { count } = ids.length === 0 ? { count: 0 } : await remove(ids);
    return { rows: count, isLast: ids.length < BATCH };
  }, options);
}
