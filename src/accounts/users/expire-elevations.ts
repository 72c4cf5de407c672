import { noRequest } from '../../audit/event.ts';
import { joinSql } from '../../db/client.ts';
import { type RunOptions, runBatches } from '../../db/raw/batches.ts';
import { change } from '../change.ts';
import type { AccountsContext } from '../context.ts';

/** Rows that fall back in one transaction. */
const BATCH = 100;

/** Of its index: where nothing is said, Prisma has the first by their ids looked for. */
const orderBy = { accessUntil: 'asc' } as const;

/** Rows that a list waits for: there are more only where thousands end at the same moment, and those are up to date soon after. */
const MAX_LIST_ROWS = 1_000;

/**
 * Writes down that levels have fallen back whose time is over. Nobody waits for it: every reader uses the level as of now, and
 * tokens end with it.
 *
 * @returns how many
 */
export function expireElevations(context: AccountsContext, options: RunOptions = {}): Promise<number> {
  const { db, now } = context;
  return runBatches(async () => {
    const isOver = { accessUntil: { lte: await now(db) } };
    const isAny = (await db.user.findFirst({ where: isOver, orderBy, select: { id: true } })) !== null;
    const rows = isAny ? await fallBackSome(context) : 0;
    return { rows, isLast: rows < BATCH };
  }, options);
}

/** What lists call first, so that they can be searched by level. */
export async function fallBackForList(context: AccountsContext): Promise<void> {
  await expireElevations(context, { maxRows: MAX_LIST_ROWS });
}

function fallBackSome(context: AccountsContext): Promise<number> {
  return change(context, async (tx, { record }) => {
    const where = { accessUntil: { lte: await context.now(tx) } };
    const rows = await tx.user.findMany({ where, orderBy, take: BATCH });
    if (rows.length === 0) return 0;
    const ids = rows.map(({ id }) => id);
    await tx.raw.execute`
      UPDATE "User" SET "access" = "permanentAccess", "accessUntil" = NULL WHERE "id" IN (${joinSql(ids)})`;
    for (const { id, access, permanentAccess } of rows) {
      record({
        action: 'user.elevation-expired',
        actorId: null,
        targetId: id,
        before: { access },
        after: { access: permanentAccess },
        requestContext: noRequest,
      });
    }
    return rows.length;
  });
}
