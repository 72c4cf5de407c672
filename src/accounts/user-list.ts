import { Problem } from '../problems/problem.ts';
import type { AccountsContext } from './context.ts';
import type { User } from './user.schemas.ts';
import { toUser, userColumns } from './users.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A page of users; `nextCursor` is null on the last one. */
export interface UserPage {
  readonly users: User[];
  readonly nextCursor: string | null;
}

/**
 * Lists users, oldest first, by keyset: a page costs the same wherever it is, and nobody is listed twice
 * when users come and go between two pages.
 *
 * @param limit users per page
 * @param cursor `nextCursor` of the page before
 * @throws {Problem} `validation-failed` for a cursor that cannot be read
 */
export async function listUsers(
  { db, levels }: AccountsContext,
  limit: number,
  cursor?: string,
): Promise<UserPage> {
  const rows = await db.user.findMany({
    ...(cursor !== undefined && { where: { id: { gt: decodeCursor(cursor) } } }),
    orderBy: { id: 'asc' },
    take: limit + 1,
    select: userColumns,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    users: page.map((row) => toUser(row, levels)),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null,
  };
}

/** Opaque to clients, so that its contents can change. */
function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (UUID.test(id)) return id;
  throw new Problem('validation-failed', {
    errors: [
      { in: 'query', pointer: '/cursor', message: 'is not a cursor that an earlier page gave as nextCursor' },
    ],
  });
}
