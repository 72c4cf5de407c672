/**
 * A Postgres that is restarted, that is away for 20 s, and that cuts connections again and again.
 *
 * @runs once, on Postgres: SQLite has no server that goes away.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import t from 'tap';
import { PASSWORD } from '../helper.ts';
import { startMailServer } from '../mail-server.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { createCluster, type Member } from '../processes/cluster.ts';
import { Load } from './load.ts';
import { seededRandom } from './random.ts';
import {
  checkBooks,
  checkDenials,
  checkMails,
  checkRecovery,
  checkTries,
  makeAccounts,
  RECOVERY,
  report,
} from './scene.ts';

const PEOPLE = 6;

/** Milliseconds. */
const OUTAGE = 20_000;
const CUTTING = 8_000;
const BETWEEN_CUTS = 150;

const faults: Record<string, (postgres: PostgresServer) => Promise<void>> = {
  'restarted as by an administrator': (postgres) => postgres.restart(),
  'killed, and started again': async (postgres) => {
    await postgres.kill();
    await postgres.restart();
  },
  [`stopped for ${OUTAGE / 1000} s`]: async (postgres) => {
    await postgres.shutDown();
    await wait(OUTAGE);
    await postgres.restart();
  },
  [`its connections cut every ${BETWEEN_CUTS} ms for ${CUTTING / 1000} s`]: cutConnections,
};

for (const [name, breakIt] of Object.entries(faults)) {
  t.test(`Postgres is ${name}`, async (t) => {
    const random = seededRandom();
    t.comment(`${name}: --seed=${random.seed}`);
    const postgres = await startPostgres();
    t.teardown(() => postgres.stop());
    const mailServer = await startMailServer(t);
    const cluster = await createCluster(t, {
      DATABASE_URL: postgres.url,
      SMTP_URL: mailServer.url,
      RATE_LIMIT: '0',
    });
    const members: [Member, Member] = [await cluster.start(), await cluster.start()];
    const { boss, accounts } = await makeAccounts(cluster, PEOPLE);
    const body = { email: boss.email, password: PASSWORD };
    const { accessToken } = (await members[0].ask('POST', '/login', { body })).body;
    const load = new Load(t, {
      people: PEOPLE,
      random,
      accounts,
      admin: () => accessToken,
      serving: (person) => members[person % 2 === 0 ? 0 : 1],
    });

    await load.successes(100);
    const broken = performance.now();
    await breakIt(postgres);
    const back = performance.now();
    await Promise.all(members.map((member) => checkRecovery(t, load, member, back)));
    await load.successes(100);
    await load.stop();

    const failed = load.attempts.filter(({ status }) => status === 503);
    t.ok(failed.length > 0, 'it was felt');
    const late = failed.filter(({ sentAt }) => sentAt > back + RECOVERY || sentAt < broken - RECOVERY);
    t.strictSame(
      late.map(({ what, problem }) => `${what}: ${problem}`),
      [],
      'and before and after it nothing failed',
    );
    t.ok(
      load.attempts.every(({ status }) => status !== undefined),
      'no connection of ours broke',
    );
    report(t, load);
    await checkMails(t, cluster, mailServer);
    await checkTries(t, cluster);
    await checkBooks(t, cluster, load);
    for (const { stop } of members) await stop();
    await checkDenials(t, cluster, load);
  });
}

async function cutConnections({ url }: PostgresServer): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  const until = performance.now() + CUTTING;
  while (performance.now() < until) {
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    await wait(BETWEEN_CUTS);
  }
  await client.end();
}
