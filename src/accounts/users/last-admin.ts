import type { AccessLevels } from '../../access/levels.ts';
import type { Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { UNUSABLE_END } from '../passwords/hash.ts';

/** The admins that count for the last-admin rule: enabled people, without a time limit. */
function permanentAdmins(levels: AccessLevels) {
  return { permanentAccess: levels.admin, disabled: false, kind: 'person' } as const;
}

/** The authenticators of users who can sign in. Methods that SIGN_IN_METHODS leaves out do not count. */
function wayIn({ signInMethods, passkeys }: Pick<AccountsContext, 'signInMethods' | 'passkeys'>) {
  if (signInMethods.has('email')) return {};
  const password = { passwordHash: { not: { endsWith: UNUSABLE_END } } };
  return {
    OR: [
      ...(signInMethods.has('password') ? [password] : []),
      ...(signInMethods.has('passkey') && passkeys.isOn ? [{ passkeys: { some: {} } }] : []),
    ],
  };
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

/** Tells whether there is a person who is an enabled admin without a time limit. */
export async function hasAdmin(tx: Transaction, levels: AccessLevels): Promise<boolean> {
  const admin = await tx.user.findFirst({ where: permanentAdmins(levels), orderBy, select: { id: true } });
  return admin !== null;
}

/**
 * Refuses to remove the last admin who can sign in. Call {@link lockAdmins} at the beginning of the
 * transaction.
 *
 * @param user who will no longer be an admin
 * @throws {Problem} `last-admin`
 */
export async function requireAnotherAdmin(
  tx: Transaction,
  context: Pick<AccountsContext, 'levels' | 'signInMethods' | 'passkeys'>,
  user: {
    readonly id: string;
    readonly kind: string;
    readonly permanentAccess: number;
    readonly disabled: boolean;
  },
): Promise<void> {
  const { levels } = context;
  if (user.disabled || user.kind !== 'person' || user.permanentAccess !== levels.admin) return;
  const other = await tx.user.findFirst({
    where: { ...permanentAdmins(levels), ...wayIn(context), id: { not: user.id } },
    orderBy,
    select: { id: true },
  });
  if (other === null) throw new Problem('last-admin');
}
