import { type Db, joinSql, sql } from '../../db/client.ts';
import { runBatches } from '../../db/raw/batches.ts';
import { AFTER_ALL_KEYS, nameKey } from './sort-keys.ts';

/** Users in one statement. */
const BATCH_USERS = 500;

/**
 * Fills the sort keys of names that are not ASCII, for users from before there were sort keys. SQL has no
 * function for it, so the migration wrote a placeholder that sorts after all keys. Later runs cost one index
 * lookup.
 */
export async function backfillSortKeys(db: Db): Promise<void> {
  await runBatches(
    async () => {
      const rows = await db.user.findMany({
        where: { nameKey: { gte: AFTER_ALL_KEYS } },
        orderBy: { nameKey: 'asc' },
        take: BATCH_USERS,
        select: { id: true, name: true, nameKey: true },
      });
      if (rows.length === 0) return { rows: 0, isLast: true };
      const keys = rows.map(({ id, name, nameKey: left }) => sql`(${id}, ${left}, ${nameKey(name, id)})`);
      // Another process may have filled the key, or the user may have a new name.
      await db.raw.execute`
        UPDATE "User" SET "nameKey" = folded.column3 FROM (VALUES ${joinSql(keys)}) AS folded
        WHERE "User"."id" = folded.column1 AND "User"."nameKey" = folded.column2`;
      return { rows: rows.length, isLast: rows.length < BATCH_USERS };
    },
    { maxRows: Number.POSITIVE_INFINITY },
  );
}
