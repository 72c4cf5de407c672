import type { Transaction } from '../db/client.ts';
import { transaction } from '../db/transaction.ts';
import { invalidQuery } from '../problems/problem.ts';
import type { AccountsContext } from './context.ts';
import { fallBack } from './fall-back.ts';
import { keysBeginningWith } from './sort-keys.ts';
import type { User, UserSort } from './user.schemas.ts';
import { decodeCursor, encodeCursor } from './user-cursor.ts';
import { toUser, type UserRow, userColumns } from './users.ts';

/** Which users are listed. */
export interface UserListing {
  /** Users per page. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** `name` when it is left out and there is a `q`, else `createdAt`. */
  readonly sort?: UserSort;
  /** How the names begin, or the addresses when they are sorted by those; case and accents do not matter. */
  readonly q?: string;
  readonly access?: number;
  readonly disabled?: boolean;
}

/** A page of users; `nextCursor` is null on the last one. */
export interface UserPage {
  readonly users: User[];
  readonly nextCursor: string | null;
}

interface Row extends UserRow {
  readonly nameKey: string;
  readonly emailKey: string;
}

/** A span of a column, whose values are all different. */
interface Span {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
}

type Direction = 'asc' | 'desc';

/** The columns that are sorted by. Each has a unique index, and one behind (access, disabled). */
const columns = {
  createdAt: {
    valueOf: (row: Row) => row.id,
    within: (id: Span) => ({ id }),
    inOrder: (direction: Direction) => ({ id: direction }),
  },
  name: {
    valueOf: (row: Row) => row.nameKey,
    within: (nameKey: Span) => ({ nameKey }),
    inOrder: (direction: Direction) => ({ nameKey: direction }),
  },
  email: {
    valueOf: (row: Row) => row.emailKey,
    within: (emailKey: Span) => ({ emailKey }),
    inOrder: (direction: Direction) => ({ emailKey: direction }),
  },
} as const;

const orders = {
  createdAt: { column: columns.createdAt, direction: 'asc' },
  '-createdAt': { column: columns.createdAt, direction: 'desc' },
  name: { column: columns.name, direction: 'asc' },
  '-name': { column: columns.name, direction: 'desc' },
  email: { column: columns.email, direction: 'asc' },
  '-email': { column: columns.email, direction: 'desc' },
} as const satisfies Record<UserSort, { column: unknown; direction: Direction }>;

/**
 * Lists users by keyset: a page costs the same wherever it is and however many users there are, and nobody is listed twice or
 * left out when others come and go between two pages.
 *
 * @throws {Problem} `validation-failed` for a cursor that cannot be read, or a `q` where neither names nor addresses are sorted
 */
export async function listUsers(context: AccountsContext, listing: UserListing): Promise<UserPage> {
  const { limit, q, cursor } = listing;
  const sort = listing.sort ?? (q === undefined ? 'createdAt' : 'name');
  const { column, direction } = orders[sort];
  if (q !== undefined && column === columns.createdAt)
    throw invalidQuery('q', 'searches names, or addresses with sort=email: not with sort=createdAt');
  const position = cursor === undefined ? undefined : decodeCursor(sort, cursor);
  const within = column.within(spanOf(direction, position, q));
  const inOrder = column.inOrder(direction);
  const read = (tx: Transaction, group: Partial<Group>): Promise<Row[]> =>
    tx.user.findMany({
      where: { ...group, ...within },
      orderBy: inOrder,
      take: limit + 1,
      select: { ...userColumns, nameKey: true, emailKey: true },
    });

  const rows = await readGroups(context, listing, read);
  rows.sort((a, b) => compare(column.valueOf(a), column.valueOf(b)) * (direction === 'asc' ? 1 : -1));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    users: page.map((row) => toUser(row, context.levels)),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(sort, column.valueOf(last)) : null,
  };
}

/** What is left of the values that begin with `q` once those up to the position are taken off. */
function spanOf(direction: Direction, position: string | undefined, q: string | undefined): Span {
  const { gte = '', lt } = q === undefined ? {} : keysBeginningWith(q);
  const isAfterStart = position !== undefined && position >= gte;
  const isBeforeEnd = position !== undefined && (lt === undefined || position < lt);
  if (direction === 'asc')
    return { ...(isAfterStart ? { gt: position } : { gte }), ...(lt !== undefined && { lt }) };
  const end = isBeforeEnd ? position : lt;
  return { gte, ...(end !== undefined && { lt: end }) };
}

/** Users who share an index's first columns. */
interface Group {
  readonly access: number;
  readonly disabled: boolean;
}

/**
 * Reads the beginning of each group that is asked for, at one moment: together they have the beginning of the list, and no index
 * is left for a sort. Levels are few.
 */
async function readGroups(
  context: AccountsContext,
  { access, disabled }: UserListing,
  read: (tx: Transaction, group: Partial<Group>) => Promise<Row[]>,
): Promise<Row[]> {
  if (access === undefined && disabled === undefined) return read(context.db, {});
  await fallBack(context);
  const levels = access === undefined ? context.levels.all.map(({ number }) => number) : [access];
  const states = disabled === undefined ? [false, true] : [disabled];
  const groups = levels.flatMap((level) => states.map((state) => ({ access: level, disabled: state })));
  const [first, ...others] = groups;
  if (first !== undefined && others.length === 0) return read(context.db, first);
  return transaction(context.db, async (tx) => {
    const rows: Row[] = [];
    for (const group of groups) rows.push(...(await read(tx, group)));
    return rows;
  });
}

/** As both databases compare: the values are hexadecimal digits and, in ids, dashes at the same places. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
