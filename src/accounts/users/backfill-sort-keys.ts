import { type Db, joinSql, sql } from '../../db/client.ts';
import { runBatches } from '../../db/raw/batches.ts';
import { AFTER_ALL_KEYS, nameKey } from './sort-keys.ts';

/** Users at a time. */
const BATCH = 500;

/**
 * Makes the keys of names that are not ASCII alone, for users from before there were such keys: SQL has no function for it,
 * and the migration left a key that sorts after all others. Later it costs one look at an index.
 */
export async function foldNames(db: Db): Promise<void> {
  await runBatches(
    async () => {
      const rows = await db.user.findMany({
        where: { nameKey: { gte: AFTER_ALL_KEYS } },
        orderBy: { nameKey: 'asc' },
        take: BATCH,
        select: { id: true, name: true, nameKey: true },
      });
      if (rows.length === 0) return { rows: 0, isLast: true };
      const keys = rows.map(({ id, name, nameKey: left }) => sql`(${id}, ${left}, ${nameKey(name, id)})`);
      // Another process may have been here, or somebody has another name by now.
      await db.raw.execute`
        UPDATE "User" SET "nameKey" = folded.column3 FROM (VALUES ${joinSql(keys)}) AS folded
        WHERE "User"."id" = folded.column1 AND "User"."nameKey" = folded.column2`;
      return { rows: rows.length, isLast: rows.length < BATCH };
    },
    { maxRows: Number.POSITIVE_INFINITY },
  );
}
