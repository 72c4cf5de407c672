import type { Handle } from '../client.ts';

/**
 * Writes the -wal file back into the database and truncates it, because deleted data is still in it. Does not
 * wait: while another process writes, or reads data that is only in the -wal file, nothing changes until the
 * next call. https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
 *
 * @returns whether the -wal file is empty now
 */
export async function emptyWal(db: Handle): Promise<boolean> {
  const [row] = await db.raw.query<{ busy: number }>`PRAGMA wal_checkpoint(TRUNCATE)`;
  return row?.busy === 0;
}
