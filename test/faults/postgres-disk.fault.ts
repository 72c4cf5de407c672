/**
 * A Postgres whose disk is full: that of its tables. One whose write-ahead log finds no room ends, which is another test's.
 *
 * @runs once, on Postgres: SQLite's disk has a test of its own.
 */
import { execFileSync } from 'node:child_process';
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
import { mountSmallDisk } from './small-disk.ts';

const PEOPLE = 6;

/** Milliseconds that the disk stays full, from when it is felt. */
const FULL = 6_000;

t.test('the disk of Postgres is full for a while', async (t) => {
  const idOfNobody = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  // As whom root runs Postgres; nobody else may mount.
  const disk = await mountSmallDisk(t, '32m', { uid: idOfNobody('-u'), gid: idOfNobody('-g') });
  if (disk === undefined) {
    t.pass('mounting a small disk is not allowed here');
    return;
  }
  const random = seededRandom();
  t.comment(`--seed=${random.seed}`);
  const postgres = await startPostgres();
  t.teardown(() => postgres.stop());
  const mailServer = await startMailServer(t);
  const cluster = await createCluster(t, {
    DATABASE_URL: await createDatabaseOn(postgres, disk.folder),
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
  await load.successes(60);

  const full = performance.now();
  await disk.fill();
  while (!load.attempts.some(({ sentAt, status }) => sentAt > full && status === 503)) await wait(20);
  await wait(FULL);
  await disk.empty();
  const back = performance.now();
  await Promise.all(members.map((member) => checkRecovery(t, load, member, back)));
  await load.successes(60);
  await load.stop();

  const failed = load.attempts.filter(({ status }) => status === 503);
  t.ok(failed.length > 10, 'it was felt');
  const late = failed.filter(({ sentAt }) => sentAt > back + RECOVERY);
  t.strictSame(
    late.map(({ what, problem }) => `${what}: ${problem}`),
    [],
    'afterwards nothing failed',
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

async function createDatabaseOn({ url }: PostgresServer, folder: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
  await client.query('CREATE DATABASE latchkey TABLESPACE small');
  await client.end();
  const created = new URL(url);
  created.pathname = 'latchkey';
  return created.href;
}
