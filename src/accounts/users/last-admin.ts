import type { AccessLevels } from '../../access/levels.ts';
import type { Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';

/** The admins that count for the last-admin rule: enabled, and without a time limit. */
function permanentAdmins(levels: AccessLevels) {
  return { permanentAccess: levels.admin, disabled: false } as const;
}

/** The order of the index. Without it, Prisma sorts by id and reads past all users who are not admins. */
const orderBy = { permanentAccess: 'asc' } as const;

/**
 * Serializes all changes that could remove an admin. Call it first. Otherwise two admins who demote each
 * other at the same moment would each count the other, under READ COMMITTED as in SQLite's deferred
 * transactions.
 */
export async function lockAdmins(tx: Transaction): Promise<void> {
  await tx.adminLock.update({ where: { id: 1 }, data: { turns: { increment: 1 } } });
}

/** Tells whether there is an enabled admin without a time limit. */
export async function hasAdmin(tx: Transaction, levels: AccessLevels): Promise<boolean> {
  const admin = await tx.user.findFirst({ where: permanentAdmins(levels), orderBy, select: { id: true } });
  return admin !== null;
}

/**
 * Refuses to remove the last admin. Call {@link lockAdmins} at the beginning of the transaction.
 *
 * @param user who will no longer be an admin
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
