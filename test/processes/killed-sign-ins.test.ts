/** Counters that sign-ins leave behind when their process is killed. */
import argon2 from 'argon2';
import t from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { PASSWORD } from '../helper.ts';
import { createCluster, type Member, type Reply, until } from './cluster.ts';

const PEOPLE = 46;
const OFFICE = '192.0.2.9';

const signIn = (at: Member, email: string, password = PASSWORD): Promise<Reply> =>
  at.ask('POST', '/login', { body: { email, password }, headers: { 'x-forwarded-for': OFFICE } });

t.test('A process that is killed during sign-ins leaves no client throttled', async (t) => {
  const cluster = await createCluster(t, { TRUST_PROXY: '1', RATE_LIMIT: '0' });
  const [dying, other] = await Promise.all([cluster.start(), cluster.start()]);
  const { user, failedTries } = cluster.database.db;
  const slow = await argon2.hash(PASSWORD, { memoryCost: 65_536, timeCost: 20, parallelism: 1 });
  const emails = Array.from({ length: PEOPLE }, (_, n) => `slow-${n}@example.com`);
  const data = emails.map((email) => buildUserRow({ name: 'Ada', email, passwordHash: slow, access: 1 }));
  await user.createMany({ data });
  // Retries while the process is too busy to begin, until it is killed.
  const lost = emails.map(async (email) => {
    while ((await signIn(dying, email)).status === 503);
  });
  const gone = Promise.allSettled(lost);
  await until('all are under way', 60_000, async () => (await failedTries.count()) >= PEOPLE);
  dying.signal('SIGKILL');
  await gone;
  const answers: number[] = [];
  for (let n = 0; n < 10; n++) answers.push((await signIn(other, `nobody-${n}@example.com`, 'wrong')).status);
  t.strictSame(answers, Array(10).fill(401));
});
