import { noRequest } from '../../audit/event.ts';
import { joinSql } from '../../db/client.ts';
import { type RunOptions, runBatches } from '../../db/raw/batches.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { voidInvitations } from '../invitations/end.ts';

/** Users of one transaction. */
const BATCH_USERS = 100;

/** The order of the index. Without it, Prisma sorts by id and reads past all other users. */
const orderBy = { accessUntil: 'asc' } as const;

/**
 * Users that a list updates before it reads. There are more only when thousands of elevations expire at one
 * moment; the job updates the rest soon after.
 */
const MAX_USERS_FOR_LIST = 1_000;

/**
 * Stores that elevations have expired, and voids the invitations that were sent during them. No request
 * depends on it: all readers compute the current level, and tokens expire with the elevation.
 *
 * @returns the number of users
 */
export function expireElevations(context: AccountsContext, options: RunOptions = {}): Promise<number> {
  const { db, now } = context;
  return runBatches(async () => {
    const isOver = { accessUntil: { lte: await now(db) } };
    const isAny = (await db.user.findFirst({ where: isOver, orderBy, select: { id: true } })) !== null;
    const rows = isAny ? await expireBatch(context) : 0;
    return { rows, isLast: rows < BATCH_USERS };
  }, options);
}

/** Expires elevations before a list that searches by level. */
export async function expireElevationsForList(context: AccountsContext): Promise<void> {
  await expireElevations(context, { maxRows: MAX_USERS_FOR_LIST });
}

function expireBatch(context: AccountsContext): Promise<number> {
  return makeChange(context, async (change) => {
    const { tx, record } = change;
    const where = { accessUntil: { lte: await context.now(tx) } };
    const rows = await tx.user.findMany({ where, orderBy, take: BATCH_USERS });
    if (rows.length === 0) return 0;
    const ids = rows.map(({ id }) => id);
    await tx.raw.execute`
      UPDATE "User" SET "access" = "permanentAccess", "accessUntil" = NULL WHERE "id" IN (${joinSql(ids)})`;
    await voidInvitations({ ...change, actor: { userId: null, requestContext: noRequest } }, ids);
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
