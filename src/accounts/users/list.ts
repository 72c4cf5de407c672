import { joinSql, rawSql, type Sql, type SqlValue, sql } from '../../db/client.ts';
import { toStoredPrefix } from '../../lib/email-address.ts';
import { invalidQuery } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { expireElevationsForList } from './expire-elevations.ts';
import { findByExternalId } from './external-id.ts';
import type { User, UserSort } from './schemas.ts';
import { after, before, type KeyRange, keysBeginningWith } from './sort-keys.ts';
import { toUserForAdmins, userColumns } from './users.ts';

/** The filters and the order of a list of users. */
export interface UserListing {
  /** Users per page. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** The default is `name` when there is a `q`, else `createdAt`. */
  readonly sort?: UserSort;
  /**
   * The beginning of the names, or of the addresses when the list is sorted by address. Case and accents do
   * not matter.
   */
  readonly q?: string;
  readonly access?: number;
  readonly disabled?: boolean;
  /** People whose level has a time limit that is not over. */
  readonly elevated?: true;
  /** People by default. */
  readonly kind?: 'person' | 'service';
  /** The id in the system that the user came from: it is unique. */
  readonly externalId?: string;
}

/** A page of users; `nextCursor` is null on the last one. */
export interface UserPage {
  readonly users: User[];
  readonly nextCursor: string | null;
}

/**
 * The columns of each order. Their values are unique. Each has a unique index, an index that begins with
 * (access, disabled), and the same index of the elevated people alone.
 */
const orders = {
  createdAt: { column: 'id', isBackwards: false },
  '-createdAt': { column: 'id', isBackwards: true },
  name: { column: 'nameKey', isBackwards: false },
  '-name': { column: 'nameKey', isBackwards: true },
  email: { column: 'emailKey', isBackwards: false },
  '-email': { column: 'emailKey', isBackwards: true },
} as const satisfies Record<UserSort, unknown>;

type Order = (typeof orders)[UserSort] & { readonly users: keyof typeof tables };

/**
 * The tables that a list is read from. Elevated people have indexes of their own, in each order. Service
 * accounts are few: one index finds them, and the database sorts them.
 */
const tables = {
  person: rawSql(`"User" WHERE "kind" = 'person' AND`),
  elevated: rawSql(`"User" WHERE "kind" = 'person' AND "accessUntil" IS NOT NULL AND`),
  // With a limit, neither database merges the inner query with the outer one, which walks along all users.
  service: rawSql(`(SELECT * FROM "User" WHERE "kind" = 'service' LIMIT 1000000) AS "services" WHERE`),
} as const;

/**
 * Lists users with keyset pagination. The cost of a page depends neither on its position nor on the number of
 * users. When users are created or deleted between two pages, no other user is listed twice or left out.
 *
 * @throws {Problem} `validation-failed` for an invalid cursor, for a `q` when the list is sorted neither by
 *   name nor by address, and for elevated service accounts
 */
export async function listUsers(context: AccountsContext, listing: UserListing): Promise<UserPage> {
  const { limit, q = '', cursor, externalId, kind = 'person', elevated = false } = listing;
  if (elevated && kind === 'service')
    throw invalidQuery('elevated', 'conflict', 'is for people: no service account has a level for a time');
  if (externalId !== undefined)
    return { users: await findByExternalId(context, { ...listing, externalId }), nextCursor: null };
  const sort = listing.sort ?? (q === '' ? 'createdAt' : 'name');
  const order = orders[sort];
  if (q !== '' && order.column === 'id')
    throw invalidQuery(
      'q',
      'conflict',
      'searches names, or addresses with sort=email: not with sort=createdAt',
    );
  const all = keysBeginningWith(order.column === 'emailKey' ? toStoredPrefix(q) : q);
  const position = cursor === undefined ? undefined : decodeCursor(sort, cursor);
  const rest =
    position === undefined ? all : order.isBackwards ? before(position, all) : after(position, all);

  const groups = await groupsOf(context, listing);
  const users = elevated ? 'elevated' : kind;
  const positions = await readPositions(context, groups, { ...order, users }, rest, limit + 1);
  const page = positions.slice(0, limit);
  const last = page.at(-1);
  return {
    users: await readUsers(context, page),
    nextCursor: positions.length > limit && last !== undefined ? encodeCursor(sort, last.key) : null,
  };
}

/** Users who share the first columns of the indexes. */
interface Group {
  readonly access: number;
  readonly disabled: boolean;
}

/** @returns undefined for all users */
async function groupsOf(
  context: AccountsContext,
  { access, disabled, elevated }: UserListing,
): Promise<Group[] | undefined> {
  if (access === undefined && disabled === undefined && !elevated) return undefined;
  await expireElevationsForList(context);
  const levels = access === undefined ? context.levels.all.map(({ number }) => number) : [access];
  const states = disabled === undefined ? [false, true] : [disabled];
  return levels.flatMap((level) => states.map((state) => ({ access: level, disabled: state })));
}

/** The position of a user in the list: the value of the column that it is sorted by. */
interface Position {
  readonly id: string;
  readonly key: string;
}

/**
 * Reads the first positions of a range. With groups, it reads the first positions of each and merges them:
 * there are few levels, and no index has several groups in the order of the list.
 */
async function readPositions(
  { db }: Pick<AccountsContext, 'db'>,
  groups: readonly Group[] | undefined,
  order: Order,
  range: KeyRange,
  limit: number,
): Promise<Position[]> {
  const statements = groups?.map((group) => firstPositions(order, range, limit, group)) ?? [
    firstPositions(order, range, limit),
  ];
  const positions = await db.raw.query<Position>`${asOneStatement(statements)}`;
  const direction = order.isBackwards ? -1 : 1;
  // The order of the databases: keys are hexadecimal digits, and all ids have their dashes in the same
  // places.
  positions.sort((a, b) => (a.key < b.key ? -direction : direction));
  return positions.slice(0, limit);
}

/**
 * Reads the positions of all groups at one moment, so that a user who changes groups meanwhile is read once.
 */
function asOneStatement(statements: readonly Sql[]): Sql {
  return joinSql([...statements], ' UNION ALL ');
}

/**
 * The first positions of a range, read by an index. The cost depends only on the number of rows that are
 * shown, and not on the planner's estimates.
 *
 * Only the end of the range where the reading begins is a condition of the index. The other end is checked
 * outside: the rows are sorted, so those beyond it are the last, and at most `limit` rows are read. With both
 * ends inside, Postgres estimates few rows for some ranges, for example for a prefix that is too rare for its
 * statistics. It would then collect all rows with a bitmap, which has no order, and sort them for the first
 * 20.
 */
function firstPositions(
  { column, isBackwards, users }: Order,
  range: KeyRange,
  limit: number,
  group?: Group,
): Sql {
  const key = rawSql(`"${column}"`);
  const groupColumns = group === undefined ? [] : [rawSql('"access"'), rawSql('"disabled"')];
  const columns = [...groupColumns, key];
  const ends = { gte: endOf(range.gte, group), lt: endOf(range.lt, group) };
  const [begin, end, direction] = isBackwards
    ? [sql`< ${asRow(ends.lt)}`, sql`>= ${asRow(ends.gte)}`, rawSql(' DESC')]
    : [sql`>= ${asRow(ends.gte)}`, sql`< ${asRow(ends.lt)}`, rawSql(' ASC')];
  return sql`SELECT "id", "key" FROM (SELECT ${joinSql([rawSql('"id"'), sql`${key} AS "key"`, ...groupColumns])}
    FROM ${tables[users]} ${asRow(columns)} ${begin}
    ORDER BY ${joinSql(columns.map((name) => sql`${name}${direction}`))} LIMIT ${limit}) AS "positions"
    WHERE ${asRow([...groupColumns, rawSql('"key"')])} ${end}`;
}

/** An end of a range, in the columns of its index. */
function endOf(key: string, group?: Group): Sql[] {
  const place = unknownToPlanner(key, 'TEXT');
  if (group === undefined) return [place];
  return [unknownToPlanner(group.access, 'INTEGER'), unknownToPlanner(group.disabled, 'BOOLEAN'), place];
}

/**
 * Compares rows, not columns. For `access = 1 AND "nameKey" >= 'a'`, Postgres often walks along the index on
 * the names alone and skips the users of other levels, who may be many. A comparison of rows can only use the
 * index that begins with the columns of the group.
 */
function asRow(columns: readonly Sql[]): Sql {
  return sql`(${joinSql([...columns])})`;
}

/**
 * A value that Postgres does not know while it plans, because it is the result of a subquery. Postgres then
 * estimates a third of the table, and reads in the order of the index. For a known value it would rely on its
 * statistics, which may be coarse or stale.
 */
function unknownToPlanner(value: SqlValue, type: 'TEXT' | 'INTEGER' | 'BOOLEAN'): Sql {
  return sql`(SELECT CAST(${value} AS ${rawSql(type)}))`;
}

/** Reads the users of positions, in the same order. Users who were deleted meanwhile are left out. */
async function readUsers({ db, levels }: AccountsContext, positions: readonly Position[]): Promise<User[]> {
  const ids = positions.map(({ id }) => id);
  const rows = await db.user.findMany({ where: { id: { in: ids } }, select: userColumns });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [toUserForAdmins(row, levels)];
  });
}
