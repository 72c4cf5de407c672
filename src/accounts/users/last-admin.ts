import type { AccessLevels } from '../../access/levels.ts';
import type { Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';

/** Somebody who counts towards the admins that there must be one of: enabled, and an admin without a time limit. */
function permanentAdmins(levels: AccessLevels) {
  return { permanentAccess: levels.admin, disabled: false } as const;
}

/** Of their index: where nothing is said, Prisma has the first by its id looked for, past everybody who is no admin. */
const orderBy = { permanentAccess: 'asc' } as const;

/**
 * Makes whatever could reduce the admins take turns. Call it first: two admins who demote each other at the same moment would
 * otherwise each count the other, under READ COMMITTED as in SQLite's deferred transactions.
 */
export async function lockAdmins(tx: Transaction): Promise<void> {
  await tx.adminLock.update({ where: { id: 1 }, data: { turns: { increment: 1 } } });
}

/** Whether there is an admin who can sign in, and will still be one tomorrow. */
export async function hasAdmin(tx: Transaction, levels: AccessLevels): Promise<boolean> {
  const admin = await tx.user.findFirst({ where: permanentAdmins(levels), orderBy, select: { id: true } });
  return admin !== null;
}

/**
 * Refuses to lose the last admin. Call {@link lockAdmins} at the beginning of the transaction.
 *
 * @param user who will not be an admin any more
 * @throws {Problem} `last-admin`
 */
export async function requireAnotherAdmin(
  tx: Transaction,
  levels: AccessLevels,
  user: { readonly id: string; readonly permanentAccess: number; readonly disabled: boolean },
): Promise<void> {
  if (user.disabled || user.permanentAccess !== levels.admin) return;
  const other = await tx.user.findFirst({
    where: { ...permanentAdmins(levels), id: { not: user.id } },
    orderBy,
    select: { id: true },
  });
  if (other === null) throw new Problem('last-admin');
}
