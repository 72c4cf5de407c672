import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import type { AccountsContext } from '../context.ts';

/**
 * Deletes expired invitations, registrations, password resets, changes of address and tokens that stop one.
 *
 * @returns the number of rows
 */
export async function pruneMailTokens(
  { db, now }: AccountsContext,
  options: RunOptions = {},
): Promise<number> {
  const where = { expiresAt: { lte: await now(db) } };
  const select = { id: true } as const;
  const orderBy = { expiresAt: 'asc' } as const;
  return (
    (await prune(
      (take) => db.invitation.findMany({ where, orderBy, take, select }),
      (ids) => db.invitation.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    )) +
    (await prune(
      (take) => db.registration.findMany({ where, orderBy, take, select }),
      (ids) => db.registration.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    )) +
    (await prune(
      (take) => db.passwordReset.findMany({ where, orderBy, take, select }),
      (ids) => db.passwordReset.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    )) +
    (await prune(
      (take) => db.emailChange.findMany({ where, orderBy, take, select }),
      (ids) => db.emailChange.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    )) +
    (await prune(
      (take) => db.emailChangeStop.findMany({ where, orderBy, take, select }),
      (ids) => db.emailChangeStop.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    ))
  );
}
