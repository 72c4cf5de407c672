import { invalidQuery } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import type { User } from './schemas.ts';
import { toUserForAdmins, userColumns } from './users.ts';

/** Filters of a list of users beside the id of another system. */
interface Filters {
  readonly externalId: string;
  readonly q?: string;
  readonly cursor?: string;
  readonly access?: number;
  readonly disabled?: boolean;
  readonly elevated?: true;
}

/**
 * Finds the user of an id of the system before. There is one at most.
 *
 * @throws {Problem} `validation-failed` for a `q` or a cursor, which are for longer lists
 */
export async function findByExternalId(
  { db, levels }: AccountsContext,
  { externalId, q, cursor, access, disabled, elevated }: Filters,
): Promise<User[]> {
  for (const [name, value] of Object.entries({ q, cursor }))
    if (value !== undefined) throw invalidQuery(name, 'conflict', 'cannot be used with externalId');
  const row = await db.user.findUnique({ where: { externalId }, select: userColumns });
  const users = row === null ? [] : [toUserForAdmins(row, levels)];
  return users.filter(
    (user) =>
      user.access === (access ?? user.access) &&
      user.disabled === (disabled ?? user.disabled) &&
      (!elevated || user.accessUntil !== null),
  );
}
