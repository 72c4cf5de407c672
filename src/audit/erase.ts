import { type Db, type Handle, joinSql, type Transaction } from '../db/client.ts';
import { type RunOptions, runBatches } from '../db/raw/batches.ts';
import { insertRows } from '../db/raw/insert.ts';

/**
 * Rows of personal data that one transaction erases. On SQLite, the event loop is blocked and other writers
 * wait for some milliseconds meanwhile.
 */
export const ERASE_BATCH = 500;

/**
 * Erases the personal data of a deleted user from the events. One batch is erased at once, which is all that
 * most users have. A user with more is listed: {@link eraseListed} erases the rest, and
 * {@link readPersonalData} shows none of it from now on.
 *
 * @param tx the transaction of the deletion
 */
export async function erasePersonalData(tx: Transaction, subjectId: string): Promise<void> {
  if ((await eraseBatch(tx, subjectId)) < ERASE_BATCH) return;
  await insertRows(tx, 'Erasure', [{ subjectId, requestedAt: new Date() }]);
}

/**
 * Erases what is left of the personal data of listed users, in batches. Several processes may run it: two
 * that meet at the same rows take turns. After a crash, the next run goes on with the rows that are left.
 *
 * @returns the number of rows
 */
export function eraseListed({ db }: { readonly db: Db }, options: RunOptions = {}): Promise<number> {
  return runBatches(async () => {
    // By the primary key: the rows are few, and the order does not matter.
    const next = await db.erasure.findFirst({ orderBy: { subjectId: 'asc' } });
    if (next === null) return { rows: 0, isLast: true };
    const { subjectId } = next;
    const rows = await db.transaction(async (tx) => {
      const erased = await eraseBatch(tx, subjectId);
      // In the same transaction as the search: a row that is added meanwhile is a conflict.
      if (erased < ERASE_BATCH) await tx.erasure.deleteMany({ where: { subjectId } });
      return erased;
    });
    return { rows, isLast: false };
  }, options);
}

/** A row of personal data that may be shown. */
export interface ShownData {
  readonly eventId: string;
  readonly part: string;
  readonly data: string;
}

/**
 * Reads the personal data of events, except that of users who are listed to be erased. One statement: with
 * two, the last rows of a user and the entry in the list could be erased between them.
 */
export async function readPersonalData(
  { raw }: Handle,
  eventIds: readonly string[],
): Promise<readonly ShownData[]> {
  if (eventIds.length === 0) return [];
  return raw.query<ShownData>`
    SELECT "eventId", "part", "data" FROM "PersonalData" WHERE "eventId" IN (${joinSql(eventIds)})
    AND NOT EXISTS (SELECT 1 FROM "Erasure" WHERE "Erasure"."subjectId" = "PersonalData"."subjectId")`;
}

/** Counts the deleted users whose personal data is not all erased yet. */
export function countErasures(db: Db): Promise<number> {
  return db.erasure.count();
}

/** @returns the number of rows; {@link ERASE_BATCH} when there may be more */
async function eraseBatch(tx: Transaction, subjectId: string): Promise<number> {
  const rows = await tx.personalData.findMany({
    where: { subjectId },
    // The order of the index. Without it, Prisma would sort all rows of the user by their primary key.
    orderBy: { subjectId: 'asc' },
    take: ERASE_BATCH,
    select: { eventId: true, part: true },
  });
  for (const part of new Set(rows.map((row) => row.part))) {
    const ids = rows.filter((row) => row.part === part).map(({ eventId }) => eventId);
    // Both columns of the primary key: with the user as a condition, all rows of the user could be read.
    await tx.personalData.deleteMany({ where: { part, eventId: { in: ids } } });
  }
  return rows.length;
}
