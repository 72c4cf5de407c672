import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import type { AccountsContext } from '../context.ts';

/**
 * Deletes expired sign-ins that wait for a second factor, secrets that were not confirmed in time, the
 * challenges of passkeys that were used, and mailed codes.
 *
 * @returns the number of rows
 */
export async function pruneChallenges(
  { db, now }: AccountsContext,
  options: RunOptions = {},
): Promise<number> {
  const where = { expiresAt: { lte: await now(db) } };
  const orderBy = { expiresAt: 'asc' } as const;
  const challenges = await prune(
    (take) => db.signInChallenge.findMany({ where, orderBy, take, select: { id: true } }),
    (ids) => db.signInChallenge.deleteMany({ where: { ...where, id: { in: ids } } }),
    options,
  );
  const pending = await prune(
    async (take) => {
      const rows = await db.pendingTotp.findMany({ where, orderBy, take, select: { sessionId: true } });
      return rows.map(({ sessionId: id }) => ({ id }));
    },
    (ids) => db.pendingTotp.deleteMany({ where: { ...where, sessionId: { in: ids } } }),
    options,
  );
  const used = await prune(
    (take) => db.usedChallenge.findMany({ where, orderBy, take, select: { id: true } }),
    (ids) => db.usedChallenge.deleteMany({ where: { ...where, id: { in: ids } } }),
    options,
  );
  const codes = await prune(
    (take) => db.mailCode.findMany({ where, orderBy, take, select: { id: true } }),
    (ids) => db.mailCode.deleteMany({ where: { ...where, id: { in: ids } } }),
    options,
  );
  return challenges + pending + used + codes;
}
