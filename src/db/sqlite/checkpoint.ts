import type { Handle } from '../client.ts';

/**
 * Puts what is in the -wal file into the database and empties the file: what was deleted is still in it. Waits for nobody: while somebody
 * reads what is only in the -wal file, or another process writes, it stays as it is until the next time.
 * https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
 *
 * @returns whether it is empty now
 */
export async function emptyWal(db: Handle): Promise<boolean> {
  const [row] = await db.raw.query<{ busy: number }>`PRAGMA wal_checkpoint(TRUNCATE)`;
  return row?.busy === 0;
}
