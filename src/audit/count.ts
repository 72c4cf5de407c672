import { type Db, joinSql } from '../db/client.ts';
import { lowestIdOf } from '../lib/id.ts';
import type { AuditAction } from './event.ts';
import { storedNames } from './renamed-actions.ts';

/** Events that one statement reads. SQLite blocks the event loop for the time of a statement. */
const PAGE_SIZE = 5_000;

/** Counts how often an action happened, from `from` (included) to `until` (excluded). */
export async function countEvents(db: Db, action: AuditAction, from: Date, until: Date): Promise<number> {
  const end = lowestIdOf(until);
  let after = lowestIdOf(from);
  for (let total = 0; ; ) {
    // By an index that has the count too.
    const [page] = await db.raw.query<{ rows: number; sum: number | null; last: string | null }>`
      SELECT count(*) AS "rows", sum("count") AS "sum", max("id") AS "last" FROM (
        SELECT "id", "count" FROM "AuditEvent"
        WHERE "action" = ${action} AND "id" > ${after} AND "id" < ${end} ORDER BY "id" LIMIT ${PAGE_SIZE}
      ) AS "page"`;
    total += Number(page?.sum ?? 0);
    if (page?.last == null || Number(page.rows) < PAGE_SIZE) return total;
    after = page.last;
  }
}

/** Counts the events that are not sealed yet. */
export function countUnsealed(db: Db): Promise<number> {
  return db.auditEvent.count({ where: { number: null } });
}

/** Counts the events that are not sealed yet, and stops at a limit. */
export async function countUnsealedUpTo(db: Db, limit: number): Promise<number> {
  const [count] = await db.raw.query<{ rows: number }>`
    SELECT count(*) AS "rows" FROM (
      SELECT "id" FROM "AuditEvent" WHERE "number" IS NULL LIMIT ${limit}
    ) AS "unsealed"`;
  return Number(count?.rows ?? 0);
}

/**
 * Lists the targets of actions since a time.
 *
 * @returns undefined when there are more events than `limit`
 */
export async function listTargets(
  db: Db,
  actions: readonly AuditAction[],
  since: Date,
  limit: number,
): Promise<ReadonlySet<string> | undefined> {
  const rows = await db.raw.query<{ targetId: string | null }>`
    SELECT "targetId" FROM "AuditEvent"
    WHERE "action" IN (${joinSql(actions.flatMap(storedNames))}) AND "id" >= ${lowestIdOf(since)}
    LIMIT ${limit + 1}`;
  if (rows.length > limit) return undefined;
  return new Set(rows.flatMap(({ targetId }) => targetId ?? []));
}
