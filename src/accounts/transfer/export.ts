import { accessAsOf } from '../../access/elevation.ts';
import type { AccountsContext } from '../context.ts';
import { isUsableHash } from '../passwords/hash.ts';
import { type UserRow, userColumns } from '../users/users.ts';
import type { UserRecord } from './record.schemas.ts';

/** Users that are in memory at a time. */
const USERS_PER_PAGE = 1_000;

/**
 * Reads all people in the order of their ids, page by page. Each is exported as at the time when the page is
 * read. A user who is created meanwhile has a higher id.
 *
 * @param withPasswords whether the password hashes are exported
 */
export async function* exportUsers(
  { db }: Pick<AccountsContext, 'db'>,
  withPasswords: boolean,
): AsyncGenerator<readonly UserRecord[]> {
  let last = '';
  for (;;) {
    const rows = await db.user.findMany({
      where: { id: { gt: last }, kind: 'person' },
      orderBy: { id: 'asc' },
      take: USERS_PER_PAGE,
      select: { ...userColumns, passwordHash: withPasswords },
    });
    const end = rows.at(-1);
    if (end === undefined) return;
    yield rows.map(toRecord);
    last = end.id;
  }
}

function toRecord(row: UserRow & { readonly passwordHash?: string }): UserRecord {
  const { id, externalId, name, email, permanentAccess, accessUntil, disabled, passwordHash } = row;
  const access = accessAsOf(row, new Date());
  const isElevated = access !== permanentAccess && accessUntil !== null;
  return {
    id,
    ...(externalId !== null && { externalId }),
    name,
    email,
    access: permanentAccess,
    elevation: isElevated ? { access, until: accessUntil.toISOString() } : null,
    disabled,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    ...(passwordHash !== undefined && { passwordHash: isUsableHash(passwordHash) ? passwordHash : null }),
  };
}
