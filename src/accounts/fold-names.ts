import type { Db } from '../db/client.ts';
import { AFTER_ALL_KEYS, nameKey } from './sort-keys.ts';

/** Users at a time. */
const BATCH = 500;

/**
 * Makes the keys of names that are not ASCII alone, for users from before there were such keys: SQL has no function for it,
 * and the migration left a key that sorts after all others. Later it costs one look at an index.
 */
export async function foldNames(db: Db): Promise<void> {
  for (;;) {
    const rows = await db.user.findMany({
      where: { nameKey: { gte: AFTER_ALL_KEYS } },
      take: BATCH,
      select: { id: true, name: true, nameKey: true },
    });
    if (rows.length === 0) return;
    for (const { id, name, nameKey: left } of rows) {
      // Another process may have been here, or somebody has another name by now.
      await db.user.updateMany({ where: { id, nameKey: left }, data: { nameKey: nameKey(name, id) } });
    }
  }
}
