import { noRequest } from '../audit/event.ts';
import { change } from './change.ts';
import type { AccountsContext } from './context.ts';

/** Rows that fall back in one transaction. */
const BATCH = 100;

/**
 * Writes down that levels have fallen back whose time is over. Nobody waits for it: every reader uses the level as of now, and
 * tokens end with it. Lists call it first, so that they can be searched by level.
 */
export async function fallBack(context: AccountsContext): Promise<void> {
  const { db, now } = context;
  const isOver = async () => ({ accessUntil: { lte: await now(db) } });
  while ((await db.user.findFirst({ where: await isOver(), select: { id: true } })) !== null) {
    await change(context, async (tx, { record }) => {
      const where = { accessUntil: { lte: await now(tx) } };
      const rows = await tx.user.findMany({ where, take: BATCH });
      for (const { id, access, permanentAccess } of rows) {
        await tx.user.update({ where: { id }, data: { access: permanentAccess, accessUntil: null } });
        record({
          action: 'user.access-fell-back',
          actorId: null,
          targetId: id,
          before: { access },
          after: { access: permanentAccess },
          origin: noRequest,
        });
      }
    });
  }
}
