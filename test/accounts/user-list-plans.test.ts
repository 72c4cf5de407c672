/** No list reads, or sorts, more than it shows: what the databases say of the statements that are run. */
import t, { type Test } from 'tap';
import type { UserSort } from '#latchkey/accounts/user.schemas.ts';
import { listUsers, type UserListing } from '#latchkey/accounts/user-list.ts';
import { seedUsers } from '../../bench/seed-users.ts';
import { startApi } from '../helper.ts';

/** Enough for Postgres to prefer indexes. */
const USERS = 20_000;

const { app, databaseUrl } = await startApi(t);
const { accounts, databaseKind } = app;
await seedUsers(databaseUrl, USERS);

/** A statement as Prisma hands it over. */
interface Statement {
  readonly sql: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Lists, and returns the statement that found the users. */
async function statementOf(listing: UserListing): Promise<Statement> {
  const seen: Statement[] = [];
  const $queryRaw: typeof accounts.db.$queryRaw = (statement, ...values) => {
    if ('sql' in statement) seen.push(statement);
    return accounts.db.$queryRaw(statement, ...values);
  };
  const db = new Proxy(accounts.db, {
    get: (target, name) => (name === '$queryRaw' ? $queryRaw : Reflect.get(target, name)),
  });
  await listUsers({ ...accounts, db }, listing);
  return seen[0]!;
}

function placeholders({ sql, text }: Statement): string {
  return databaseKind === 'sqlite' ? sql : text;
}

async function planOf(listing: UserListing): Promise<string[]> {
  const statement = await statementOf(listing);
  const explain = databaseKind === 'sqlite' ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN';
  const rows = await accounts.db.$queryRawUnsafe<Record<string, unknown>[]>(
    `${explain} ${placeholders(statement)}`,
    ...statement.values,
  );
  return rows.map((row) => String(databaseKind === 'sqlite' ? row.detail : row['QUERY PLAN']).trim());
}

/** The lines that read the table, each by the index that it should be. */
function expectedLine(index: string): RegExp {
  return databaseKind === 'sqlite'
    ? new RegExp(`^SEARCH User USING (COVERING )?INDEX ${index} \\(`)
    : new RegExp(`^(-> +)?Index (Only )?Scan (Backward )?using "${index}" on "User"`);
}

const columns = { createdAt: 'id', name: 'nameKey', email: 'emailKey' };
const uniqueIndexes =
  databaseKind === 'sqlite'
    ? { id: 'sqlite_autoindex_User_1', nameKey: 'User_nameKey_key', emailKey: 'User_emailKey_key' }
    : { id: 'User_pkey', nameKey: 'User_nameKey_key', emailKey: 'User_emailKey_key' };

const filters = [
  {},
  ...[0, 1, 2].flatMap((access) => [{ access }, { access, disabled: false }, { access, disabled: true }]),
  { disabled: false },
  { disabled: true },
];

t.test('every combination is on its index, in order, from beginning to end', async (t) => {
  for (const [name, column] of Object.entries(columns)) {
    for (const sort of [name, `-${name}`] as UserSort[]) {
      const searches = name === 'createdAt' ? [undefined] : [undefined, 'a', 'ada lovelace 1', 'zzz'];
      for (const q of searches) {
        for (const filter of filters) {
          const listing = { limit: 20, sort, ...filter, ...(q !== undefined && { q }) };
          const { nextCursor } = await listUsers(accounts, listing);
          for (const cursor of nextCursor === null ? [undefined] : [undefined, nextCursor]) {
            const plan = await planOf({ ...listing, ...(cursor !== undefined && { cursor }) });
            check(
              t,
              JSON.stringify({ ...listing, cursor: cursor !== undefined }),
              plan,
              filter,
              column as never,
            );
          }
        }
      }
    }
  }
});

function check(t: Test, name: string, plan: string[], filter: object, column: keyof typeof uniqueIndexes) {
  const index =
    Object.keys(filter).length === 0 ? uniqueIndexes[column] : `User_access_disabled_${column}_idx`;
  const groups = 'access' in filter ? ('disabled' in filter ? 1 : 2) : 'disabled' in filter ? 3 : 1;
  const reads = plan.filter((line) => /"User"|\bUser\b/.test(line));
  t.equal(
    reads.filter((line) => expectedLine(index).test(line)).length,
    groups,
    `${name}: ${plan.join('\n')}`,
  );
  t.equal(reads.length, groups, name);
  t.notMatch(plan.join('\n'), /TEMP B-TREE|Sort|Filter|Seq Scan|Bitmap|SCAN User/, name);
}
