import { joinSql, rawSql, type Sql, type SqlValue, sql } from '../../db/client.ts';
import { invalidQuery } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { fallBackForList } from './expire-elevations.ts';
import type { User, UserSort } from './schemas.ts';
import { after, before, keysBeginningWith, type Span } from './sort-keys.ts';
import { toUser, userColumns } from './users.ts';

/** Which users are listed, and how. */
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

/** The columns that are sorted by, whose values are all different. Each has a unique index, and one behind (access, disabled). */
const orders = {
  createdAt: { column: 'id', isBackwards: false },
  '-createdAt': { column: 'id', isBackwards: true },
  name: { column: 'nameKey', isBackwards: false },
  '-name': { column: 'nameKey', isBackwards: true },
  email: { column: 'emailKey', isBackwards: false },
  '-email': { column: 'emailKey', isBackwards: true },
} as const satisfies Record<UserSort, unknown>;

type Order = (typeof orders)[UserSort];

/**
 * Lists users by keyset: a page costs the same wherever it is and however many users there are, and nobody is listed twice or
 * left out when others come and go between two pages.
 *
 * @throws {Problem} `validation-failed` for a cursor that cannot be read, and for a `q` where neither names nor addresses are
 *   sorted
 */
export async function listUsers(context: AccountsContext, listing: UserListing): Promise<UserPage> {
  const { limit, q = '', cursor } = listing;
  const sort = listing.sort ?? (q === '' ? 'createdAt' : 'name');
  const order = orders[sort];
  if (q !== '' && order.column === 'id')
    throw invalidQuery('q', 'searches names, or addresses with sort=email: not with sort=createdAt');
  const all = keysBeginningWith(q);
  const position = cursor === undefined ? undefined : decodeCursor(sort, cursor);
  const rest =
    position === undefined ? all : order.isBackwards ? before(position, all) : after(position, all);

  const places = await readPlaces(context, await groupsOf(context, listing), order, rest, limit + 1);
  const page = places.slice(0, limit);
  const last = page.at(-1);
  return {
    users: await readUsers(context, page),
    nextCursor: places.length > limit && last !== undefined ? encodeCursor(sort, last.key) : null,
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
  { access, disabled }: UserListing,
): Promise<Group[] | undefined> {
  if (access === undefined && disabled === undefined) return undefined;
  await fallBackForList(context);
  const levels = access === undefined ? context.levels.all.map(({ number }) => number) : [access];
  const states = disabled === undefined ? [false, true] : [disabled];
  return levels.flatMap((level) => states.map((state) => ({ access: level, disabled: state })));
}

/** Where somebody stands in the list: the value of the column that it is sorted by. */
interface Place {
  readonly id: string;
  readonly key: string;
}

/**
 * Reads the first places of a span. Of groups, the first of each are read, and merged: levels are few, and no one index has
 * several groups in the order of the list.
 */
async function readPlaces(
  { db }: Pick<AccountsContext, 'db'>,
  groups: readonly Group[] | undefined,
  order: Order,
  span: Span,
  limit: number,
): Promise<Place[]> {
  const statements = groups?.map((group) => firstPlaces(order, span, limit, group)) ?? [
    firstPlaces(order, span, limit),
  ];
  const places = await db.raw.query<Place>`${asOneStatement(statements)}`;
  const direction = order.isBackwards ? -1 : 1;
  // As the databases compare: keys are hexadecimal digits, and in ids the dashes are at the same places.
  places.sort((a, b) => (a.key < b.key ? -direction : direction));
  return places.slice(0, limit);
}

/** Reads the places of all groups at one moment: a user who changes groups meanwhile is read once. */
function asOneStatement(statements: readonly Sql[]): Sql {
  return joinSql([...statements], ' UNION ALL ');
}

/**
 * The first places of a span, by an index. They cost as much as is shown, whatever the planner expects to
 * find.
 *
 * Only the end of the span where the reading begins is a condition of the index. The other end is looked at
 * outside: the rows come in order, so those beyond it are the last, and `limit` rows are read at most. With
 * both ends inside, Postgres expects few rows of some spans, as of a prefix that is rarer than its statistics
 * are fine. It would then collect all that there are by a bitmap, which has no order, and sort them for the
 * first 20.
 */
function firstPlaces({ column, isBackwards }: Order, span: Span, limit: number, group?: Group): Sql {
  const key = rawSql(`"${column}"`);
  const groupColumns = group === undefined ? [] : [rawSql('"access"'), rawSql('"disabled"')];
  const columns = [...groupColumns, key];
  const ends = { gte: endOf(span.gte, group), lt: endOf(span.lt, group) };
  const [begin, end, direction] = isBackwards
    ? [sql`< ${asRow(ends.lt)}`, sql`>= ${asRow(ends.gte)}`, rawSql(' DESC')]
    : [sql`>= ${asRow(ends.gte)}`, sql`< ${asRow(ends.lt)}`, rawSql(' ASC')];
  return sql`SELECT "id", "key" FROM (SELECT ${joinSql([rawSql('"id"'), sql`${key} AS "key"`, ...groupColumns])}
    FROM "User" WHERE ${asRow(columns)} ${begin}
    ORDER BY ${joinSql(columns.map((name) => sql`${name}${direction}`))} LIMIT ${limit}) AS "places"
    WHERE ${asRow([...groupColumns, rawSql('"key"')])} ${end}`;
}

/** An end of a span, in the columns of its index. */
function endOf(key: string, group?: Group): Sql[] {
  const place = unknownToPlanner(key, 'TEXT');
  if (group === undefined) return [place];
  return [unknownToPlanner(group.access, 'INTEGER'), unknownToPlanner(group.disabled, 'BOOLEAN'), place];
}

/**
 * Compares rows, not columns. Of `access = 1 AND "nameKey" >= 'a'`, Postgres often makes a walk along the index on the names alone,
 * in which it skips those of another level, who may be many; rows are to be had from the index that begins with the group only.
 */
function asRow(columns: readonly Sql[]): Sql {
  return sql`(${joinSql([...columns])})`;
}

/**
 * A value that Postgres does not know while it plans, for it is the answer to a question. Postgres then
 * expects a third of the table, and reads in the order of the index. It would trust its statistics on a value
 * that it knows: they may be coarse, or old.
 */
function unknownToPlanner(value: SqlValue, type: 'TEXT' | 'INTEGER' | 'BOOLEAN'): Sql {
  return sql`(SELECT CAST(${value} AS ${rawSql(type)}))`;
}

/** In the same order; without those who have gone since. */
async function readUsers({ db, levels }: AccountsContext, places: readonly Place[]): Promise<User[]> {
  const ids = places.map(({ id }) => id);
  const rows = await db.user.findMany({ where: { id: { in: ids } }, select: userColumns });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [toUser(row, levels)];
  });
}
