import { type RunOptions, runBatches } from './batches.ts';

/**
 * Rows per DELETE statement. Postgres ends a statement after 5 s (postgres/adapter.ts), and on SQLite other
 * writers wait for it.
 */
const BATCH_ROWS = 500;

/**
 * Deletes rows in batches until none is left, or the run ends.
 *
 * @param find reads ids of rows to delete, in the order of the index that finds them: without an order,
 *   Prisma asks for the first rows by id, which reads the whole table when few match
 * @param remove deletes the rows with these ids
 * @returns the number of rows deleted
 */
export function prune(
  find: (take: number) => Promise<{ id: string }[]>,
  remove: (ids: string[]) => Promise<{ count: number }>,
  options: RunOptions = {},
): Promise<number> {
  return runBatches(async () => {
    const ids = (await find(BATCH_ROWS)).map(({ id }) => id);
    const { count } = ids.length === 0 ? { count: 0 } : await remove(ids);
    return { rows: count, isLast: ids.length < BATCH_ROWS };
  }, options);
}
