/** The query plans of lists of users: no list reads or sorts more rows than it shows. */
import t, { type Test } from 'tap';
import { listUsers, type UserListing } from '#latchkey/accounts/users/list.ts';
import type { UserSort } from '#latchkey/accounts/users/schemas.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { seedUsers } from '../../bench/seed-users.ts';
import { directUrl, execute } from '../database.ts';
import { recordPlans } from '../db/plans.ts';
import { startApi } from '../helper.ts';

/** So few that Postgres estimates even fewer rows for most filters, and enough for it to prefer indexes. */
const FEW = 1_000;
const MANY = 20_000;

const isSqlite = process.env.TEST_POSTGRES_URL === undefined;

/** Creates a database with users. @returns a function that lists users, with the plan of its statement */
async function seed(t: Test, users: number) {
  const { app, databaseUrl } = await startApi(t);
  // The jobs would run during the seeding, which blocks this thread.
  await app.close();
  // Autovacuum would take other statistics at a moment of its own, and another plan would follow from them.
  if (!isSqlite) await execute(directUrl(databaseUrl), 'ALTER TABLE "User" SET (autovacuum_enabled = false)');
  await seedUsers(databaseUrl, users);
  const until = new Date(Date.now() + 3_600_000);
  const isElevated = { access: 1, id: { endsWith: '0' } };
  const { db, close } = openDatabase(databaseUrl);
  await db.user.updateMany({ where: isElevated, data: { permanentAccess: 0, accessUntil: until } });
  await close();
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

/** The lines of a plan that read the table by an index. */
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
  { elevated: true as const },
  { elevated: true as const, access: 1 },
  { elevated: true as const, disabled: false },
];

// SQLite has no statistics, so its plans for few users are the same.
for (const users of isSqlite ? [MANY] : [FEW, MANY]) {
  t.test(`Every page of a list of ${users} users is read in order by its index`, async (t) => {
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
  const isOfAll = Object.keys(filter).length === 0;
  const isOfElevated = 'elevated' in filter;
  const index = isOfElevated
    ? `User_elevated_${column}_idx`
    : isOfAll
      ? uniqueIndexes[column]
      : `User_access_disabled_${column}_idx`;
  const groups = isOfAll ? 1 : ('access' in filter ? 1 : 3) * ('disabled' in filter ? 1 : 2);
  const reads = plan.filter((line) => /"User"|\bUser\b/.test(line));
  t.equal(
    reads.filter((line) => expectedLine(index).test(line)).length,
    groups,
    `${name}: ${plan.join('\n')}`,
  );
  t.equal(reads.length, groups, name);
  // Rows beyond the other end of the range are left out after the limit. Service accounts are left out before
  // it: they are few.
  const isFine = /^Filter: \((?:(?:ROW\()?positions|kind = 'person'::text\))/;
  const beforeLimit = plan.filter((line) => !isFine.test(line));
  t.notMatch(beforeLimit.join('\n'), /TEMP B-TREE|Sort|Filter|Seq Scan|Bitmap|SCAN User/, name);
}
