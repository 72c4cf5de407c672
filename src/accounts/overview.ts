import type { AccountsContext } from './context.ts';
import type { User } from './user.schemas.ts';
import { toUser, userColumns } from './users.ts';

/** How many of the newest users the overview shows. */
const NEWEST = 10;

/** The accounts at a glance. */
export interface AccountsOverview {
  readonly total: number;
  readonly byAccess: { access: number; accessName: string; count: number }[];
  readonly disabled: number;
  readonly newest: User[];
}

/** Counts the users by access level; every declared level is listed, also one that nobody holds. */
export async function readOverview({ db, levels }: AccountsContext): Promise<AccountsOverview> {
  const [groups, disabled, newest] = await Promise.all([
    db.user.groupBy({ by: ['access'], _count: true }),
    db.user.count({ where: { disabled: true } }),
    db.user.findMany({ orderBy: { id: 'desc' }, take: NEWEST, select: userColumns }),
  ]);
  const counts = new Map(groups.map((group) => [group.access, group._count]));
  const byAccess = levels.all.map(({ name, number }) => ({
    access: number,
    accessName: name,
    count: counts.get(number) ?? 0,
  }));
  return {
    total: groups.reduce((sum, group) => sum + group._count, 0),
    byAccess,
    disabled,
    newest: newest.map((row) => toUser(row, levels)),
  };
}
