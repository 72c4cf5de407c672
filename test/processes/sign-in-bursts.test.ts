/** Many sign-ins at the same moment, over processes that share only the database. */
import { availableParallelism } from 'node:os';
import t from 'tap';
import { hashPassword } from '#latchkey/accounts/passwords/hash.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { PASSWORD } from '../helper.ts';
import { type Cluster, createCluster, type Member, type Reply } from './cluster.ts';

const PEOPLE = 60;
const ELSEWHERE = '198.51.100.1';

const signIn = (at: Member, from: string, email: string, password = PASSWORD): Promise<Reply> =>
  at.ask('POST', '/login', { body: { email, password }, headers: { 'x-forwarded-for': from } });

/** Three processes on Postgres; two on SQLite, which is for one machine. */
function startAll(cluster: Cluster): Promise<Member[]> {
  const count = cluster.database.kind === 'sqlite' ? 2 : 3;
  return Promise.all(Array.from({ length: count }, () => cluster.start()));
}

async function addPeople(
  { database: { db } }: Cluster,
  name: string,
  passwordHash: string,
): Promise<string[]> {
  const emails = Array.from({ length: PEOPLE }, (_, n) => `${name}-${n}@example.com`);
  await db.user.createMany({
    data: emails.map((email) => buildUserRow({ name, email, passwordHash, access: 1 })),
  });
  return emails;
}

const statuses = (replies: readonly Reply[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

t.test('Sign-ins at the same moment are throttled correctly', async (t) => {
  const cluster = await createCluster(t, { TRUST_PROXY: '1', RATE_LIMIT: '0' });
  const members = await startAll(cluster);
  const member = (n: number) => members[n % members.length]!;

  await t.test(`${PEOPLE} users behind one address sign in at once without a refusal`, async (t) => {
    const emails = await addPeople(cluster, 'ada', await hashPassword(PASSWORD));
    for (const round of ['from a network that is not known', 'from a known network']) {
      const replies = await Promise.all(emails.map((email, n) => signIn(member(n), '192.0.2.1', email)));
      const counts = statuses(replies);
      t.comment(`${round}: ${JSON.stringify(counts)}`);
      // A slow machine may refuse some of them as busy.
      t.notOk(429 in counts, round);
      t.ok(counts[200]! > 0);
    }
  });

  await t.test('Of 500 wrong passwords at once, few more than the free ones are verified', async (t) => {
    const tries = Array.from({ length: 500 }, (_, n) =>
      signIn(member(n), ELSEWHERE, `nobody-${n}@example.com`, 'wrong'),
    );
    const counts = statuses(await Promise.all(tries));
    t.comment(JSON.stringify(counts));
    // On a slow machine, a delay of the network may end before all requests have arrived.
    t.ok(counts[401]! <= 50 + 2 * availableParallelism() * members.length);
  });

  await t.test(
    'Of 100 wrong passwords for one account from many networks, only the free ones are verified',
    async (t) => {
      const tries = Array.from({ length: 100 }, (_, n) =>
        signIn(member(n), `203.0.113.${n}`, 'ada-0@example.com', 'wrong'),
      );
      const counts = statuses(await Promise.all(tries));
      t.comment(JSON.stringify(counts));
      t.ok(counts[401]! <= 7, 'and one for each wait that is over by then');
    },
  );
});
