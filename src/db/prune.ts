/** Rows that one statement deletes: Postgres ends a statement after 5 s (postgres.ts), and SQLite's writers wait for it. */
const BATCH = 1_000;

/**
 * Deletes rows in batches until none is left.
 *
 * @param find reads the ids of some rows that are to go
 * @param remove deletes the rows with these ids
 * @returns how many went
 */
export async function prune(
  find: (take: number) => Promise<{ id: string }[]>,
  remove: (ids: string[]) => Promise<{ count: number }>,
): Promise<number> {
  let pruned = 0;
  for (;;) {
    const ids = (await find(BATCH)).map(({ id }) => id);
    if (ids.length > 0) pruned += (await remove(ids)).count;
    if (ids.length < BATCH) return pruned;
  }
}
