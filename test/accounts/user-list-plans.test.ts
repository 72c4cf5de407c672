/** No list reads, or sorts, more than it shows: what the databases say of the statements that are run. */
import t, { type Test } from 'tap';
import { listUsers, type UserListing } from '#latchkey/accounts/users/list.ts';
import type { UserSort } from '#latchkey/accounts/users/schemas.ts';
import { seedUsers } from '../../bench/seed-users.ts';
import { directUrl } from '../database.ts';
import { recordPlans } from '../db/plans.ts';
import { startApi } from '../helper.ts';

/** So few that Postgres expects even fewer behind most filters, and enough for it to prefer indexes. */
const FEW = 1_000;
const MANY = 20_000;

const isSqlite = process.env.TEST_POSTGRES_URL === undefined;

/** A database with users. @returns what lists, and the plan of the statement that found the users */
async function seed(t: Test, users: number) {
  const { app, databaseUrl } = await startApi(t);
  // Its jobs would meet the seeding, which keeps this thread to itself.
  await app.close();
  await seedUsers(databaseUrl, users);
  const plans = recordPlans(isSqlite ? databaseUrl : directUrl(databaseUrl), app.databaseKind);
  t.teardown(plans.close);
  const accounts = { ...app.accounts, db: plans.db };
  return async (listing: UserListing) => {
    plans.take();
    const page = await listUsers(accounts, listing);
    const { plan } = plans.take().find(({ sql }) => sql.includes('AS "positions"'))!;
    return { ...page, plan };
  };
}

/** The lines that read the table, each by the index that it should be. */
function expectedLine(index: string): RegExp {
  return isSqlite
    ? new RegExp(`^SEARCH User USING (COVERING )?INDEX ${index} \\(`)
    : new RegExp(`^(-> +)?Index (Only )?Scan (Backward )?using "${index}" on "User"`);
}

const columns = { createdAt: 'id', name: 'nameKey', email: 'emailKey' };
const uniqueIndexes = isSqlite
  ? { id: 'sqlite_autoindex_User_1', nameKey: 'User_nameKey_key', emailKey: 'User_emailKey_key' }
  : { id: 'User_pkey', nameKey: 'User_nameKey_key', emailKey: 'User_emailKey_key' };

const filters = [
  {},
  ...[0, 1, 2].flatMap((access) => [{ access }, { access, disabled: false }, { access, disabled: true }]),
  { disabled: false },
  { disabled: true },
];

// SQLite has no statistics, and so the same plans for few.
for (const users of isSqlite ? [MANY] : [FEW, MANY]) {
  t.test(`of ${users} users, every page is on its index, in order, from beginning to end`, async (t) => {
    const list = await seed(t, users);
    for (const [name, column] of Object.entries(columns)) {
      for (const sort of [name, `-${name}`] as UserSort[]) {
        const searches = name === 'createdAt' ? [undefined] : [undefined, 'a', 'ada lovelace 1', 'zzz'];
        for (const q of searches) {
          for (const filter of filters) {
            const listing = { limit: 20, sort, ...filter, ...(q !== undefined && { q }) };
            const { plan, nextCursor } = await list(listing);
            check(t, JSON.stringify(listing), plan, filter, column as never);
            if (nextCursor === null) continue;
            const next = await list({ ...listing, cursor: nextCursor });
            check(t, `${JSON.stringify(listing)}, second page`, next.plan, filter, column as never);
          }
        }
      }
    }
  });
}

function check(
  t: Test,
  name: string,
  plan: readonly string[],
  filter: object,
  column: keyof typeof uniqueIndexes,
) {
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
  // What lies beyond the other end of the span is left out after the limit.
  const beforeLimit = plan.filter((line) => !/^Filter: \((ROW\()?positions/.test(line));
  t.notMatch(beforeLimit.join('\n'), /TEMP B-TREE|Sort|Filter|Seq Scan|Bitmap|SCAN User/, name);
}
