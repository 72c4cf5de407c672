/**
 * A clock that is an hour ahead and is set back, with processes that share one SQLite file: their clock is
 * that of the database.
 *
 * @runs once, on SQLite: Postgres has its own clock.
 */
import t from 'tap';
import { PASSWORD } from '../helper.ts';
import { startMailServer } from '../mail-server.ts';
import { createCluster, isAccepted, type Member, type Reply, until } from '../processes/cluster.ts';
import { movableClock } from './clock.ts';
import { type Account, Load } from './load.ts';
import { seededRandom } from './random.ts';
import { checkBooks, checkDenials, checkMails, makeAccounts, report } from './scene.ts';

const PEOPLE = 5;
/** Time in seconds after which a process no longer has a revocation in memory. */
const AHEAD_SECONDS = 3_720;
const LIMIT = 30;

t.test('A service works when its clock is set back by an hour', async (t) => {
  const random = seededRandom();
  const clock = await movableClock(t);
  t.comment(`by ${clock.means}: --seed=${random.seed}`);
  const mailServer = await startMailServer(t);
  const cluster = await createCluster(t, {
    ...clock.variables,
    SMTP_URL: mailServer.url,
    ACCESS_TOKEN_TTL: '3600',
    RATE_LIMIT: '0',
  });
  const here = await cluster.start();
  const { admin, accounts } = await makeAccounts(cluster, PEOPLE + 5);
  const [early, late, idle, guessed, replayed] = accounts.slice(PEOPLE) as [Account, ...Account[]] &
    Account[];
  const signIn = (at: Member, { email }: Account, password = PASSWORD): Promise<Reply> =>
    at.ask('POST', '/login', { body: { email, password } });
  const tokensOf = async (at: Member, account: Account) => (await signIn(at, account)).body;
  const refresh = (at: Member, refreshToken: string) =>
    at.ask('POST', '/refresh', { body: { refreshToken } });

  // A user signs out while the clock is right. Then the clock goes ahead, and a process starts that has not
  // seen the revocation.
  const signedOut = await tokensOf(here, early!);
  t.equal((await here.ask('POST', '/logout', { token: signedOut.accessToken })).status, 204);
  await clock.set(AHEAD_SECONDS);
  const there = await cluster.start();
  const limited = await cluster.start({ RATE_LIMIT: String(LIMIT) });
  const members = [here, there];
  const { accessToken: before, refreshToken: earlierAdminToken } = await tokensOf(here, admin);
  let adminToken = before;
  const load = new Load(t, {
    people: PEOPLE,
    random,
    accounts,
    isTimeMoved: true,
    admin: () => adminToken,
    serving: (person) => (person % 2 === 0 ? here : there),
  });

  const demoted = await tokensOf(here, late!);
  const body = { access: 0 };
  t.equal((await here.ask('PATCH', `/users/${late!.id}`, { token: adminToken, body })).status, 200);
  const inbox = await tokensOf(here, idle!);
  const rotated = await tokensOf(here, replayed!);
  t.equal((await refresh(there, rotated.refreshToken)).status, 200);
  for (let wrong = 0; wrong < 7; wrong++) await signIn(here, guessed!, 'not the password of anybody');
  for (let asked = 0; asked <= LIMIT; asked++) await limited.ask('GET', '/');
  await load.successes(60);
  // A mail that waits for its retry.
  await mailServer.stop();
  await load.successes(20);
  await until('a mail has failed', 10_000, async () => {
    return (await cluster.database.db.mail.count({ where: { outcome: null, attempts: { gt: 0 } } })) > 0;
  });

  await clock.set(0);
  const back = performance.now();
  const expectRefused = async (token: string, name: string) => {
    for (const at of members) {
      await until(`${name} is refused`, 5_000, async () => !(await isAccepted(at, token)));
      t.ok(
        performance.now() - back < 2_500,
        `${name} is refused after ${Math.round(performance.now() - back)} ms`,
      );
    }
  };
  await Promise.all([
    expectRefused(signedOut.accessToken, 'who signed out before all this'),
    expectRefused(demoted.accessToken, 'who was demoted while it was ahead'),
  ]);
  await mailServer.start();

  const { status, headers } = await limited.ask('GET', '/');
  t.equal(status, 429);
  t.ok(Number(headers['retry-after']) <= 60, `whoever asks too often waits for ${headers['retry-after']} s`);

  await t.test('Users can sign in and use their sessions', async (t) => {
    const answers = await Promise.all(members.map((at) => signIn(at, admin)));
    t.strictSame(
      answers.map(({ status }) => status),
      [200, 200],
      'people of one network sign in at once',
    );
    adminToken = answers[0]?.body.accessToken;
    t.equal(
      (await signIn(here, guessed!)).status,
      200,
      'nor must who mistyped wait until the hour has passed',
    );
    const renewed = await refresh(there, inbox.refreshToken);
    t.equal(renewed.status, 200, 'sessions go on');
    t.ok(await isAccepted(here, renewed.body.accessToken));
  });
  await t.test('Expired and revoked tokens stay invalid', async (t) => {
    t.equal((await refresh(here, rotated.refreshToken)).status, 401, 'a refresh token of then is used up');
    const { db } = cluster.database;
    const reused = { where: { action: 'session.reuse-detected' } };
    t.equal(await db.auditEvent.count(reused), 1, 'and noticed');
    const old = await here.ask('PATCH', `/users/${idle!.id}`, { token: before, body: { access: 0 } });
    t.match(old, { status: 401, body: { type: /invalid-token$/ } }, 'a token of then is not valid yet');
    const { accessToken } = (await refresh(here, earlierAdminToken)).body;
    const renewed = await here.ask('PATCH', `/users/${idle!.id}`, {
      token: accessToken,
      body: { access: 0 },
    });
    t.match(
      renewed,
      { status: 401, body: { type: /recent-sign-in-required$/ } },
      'a password of then is not recent',
    );
    const again = await tokensOf(here, idle!);
    const change = { access: 2 };
    const made = await there.ask('PATCH', `/users/${idle!.id}`, { token: adminToken, body: change });
    t.equal(made.status, 200);
    const since = performance.now();
    await until('obeyed', 2_000, async () => !(await isAccepted(here, again.accessToken)));
    t.comment(
      `what was revoked afterwards was obeyed by the other after ${Math.round(performance.now() - since)} ms`,
    );
  });
  await load.successes(60);
  await load.stop();
  report(t, load);
  t.ok(
    load.attempts.every(({ status }) => status !== undefined && status !== 503),
    'nothing failed',
  );
  await until('all mails are sent', 15_000, async () => {
    return (await cluster.database.db.mail.count({ where: { outcome: null } })) === 0;
  });
  await checkMails(t, cluster, mailServer, 1);
  await checkBooks(t, cluster, load);
  for (const { stop } of [...members, limited]) await stop();
  await checkDenials(t, cluster, load);
});
