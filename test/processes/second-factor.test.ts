/** One code at many sign-ins at once, over processes that share only the database. */
import t from 'tap';
import { hashMailToken } from '#latchkey/accounts/mail-tokens.ts';
import { newId } from '#latchkey/lib/id.ts';
import { addTotpTo, totpEncryptionOf } from '../accounts/totp.ts';
import { PASSWORD } from '../helper.ts';
import { createCluster } from './cluster.ts';

const SIGN_INS = 200;
const SECRET = 'a secret that all processes of the cluster share';

t.test(`${SIGN_INS} sign-ins at once with one code open one session`, async (t) => {
  const cluster = await createCluster(t, { SECRET, TRUST_PROXY: '1', RATE_LIMIT: '0' });
  const { db, now, kind } = cluster.database;
  // SQLite is for one process; two share it here, as in the other tests.
  const members = await Promise.all(Array.from({ length: kind === 'sqlite' ? 2 : 3 }, () => cluster.start()));
  const at = (n: number) => members[n % members.length]!;
  const { id: userId, email } = await cluster.person(at(0), 1);
  const totp = await addTotpTo({ db, now, totpEncryption: totpEncryptionOf(SECRET) }, userId);
  const { status, body } = await at(1).ask('POST', '/login', { body: { email, password: PASSWORD } });
  t.match({ status, slug: body.slug }, { status: 401, slug: 'second-factor-required' });
  // More than the ten that an account may have: each of them alone would open a session.
  const challenges = Array.from(
    { length: SIGN_INS },
    (_, n) => `challenge ${n} of one account, and never guessed`,
  );
  const { id: _, ...row } = await db.signInChallenge.findFirstOrThrow({ where: { userId } });
  await db.signInChallenge.createMany({
    data: challenges.map((token) => ({ ...row, id: newId(), tokenHash: hashMailToken(token) })),
  });
  const before = await db.session.count({ where: { userId } });
  const code = await totp.code();
  const replies = await Promise.all(
    challenges.map((challenge, n) =>
      at(n).ask('POST', '/login/second-factor', {
        body: { challenge, code },
        headers: { 'x-forwarded-for': `198.51.100.${n}` },
      }),
    ),
  );
  const counts: Record<string, number> = {};
  for (const { status, body } of replies) {
    const outcome = status === 200 ? '200' : body.slug;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  t.comment(JSON.stringify(counts));
  t.equal(counts['200'], 1);
  t.ok((counts['code-already-used'] ?? 0) >= 4, 'those that are verified beside it see that it was used');
  t.equal(await db.session.count({ where: { userId } }), before + 1);
});
