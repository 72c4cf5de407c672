/**
 * A Postgres whose disk for tables is full. If the disk of the write-ahead log is full, Postgres ends;
 * postgres-away tests that.
 *
 * @runs once, on Postgres: sqlite-disk.fault.ts tests SQLite.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import t from 'tap';
import { latchkey } from '../child.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { until } from '../until.ts';
import { seededRandom } from './random.ts';
import { checkAll, checkOutage, recover, startOnPostgres, untilFelt } from './scene.ts';
import { mountSmallDisk } from './small-disk.ts';

/** Time that the disk stays full after the first error. */
const FULL_MS = 6_000;

t.test('No acknowledged change is lost when the disk of Postgres is full for a while', async (t) => {
  const idOfNobody = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  // The user under which root runs Postgres. Only root may mount.
  const disk = await mountSmallDisk(t, '32m', { uid: idOfNobody('-u'), gid: idOfNobody('-g') });
  if (disk === undefined) {
    t.pass('mounting a small disk is not allowed here');
    return;
  }
  const random = seededRandom();
  t.comment(`--seed=${random.seed}`);
  const postgres = await startPostgres();
  t.teardown(() => postgres.stop());
  const scene = await startOnPostgres(t, await createDatabaseOn(postgres, disk.folder), random);
  const { load } = scene;
  await load.successes(60);

  const full = performance.now();
  await disk.fill();
  await untilFelt(load, full);
  const [member] = scene.members;
  if (member === undefined) throw new Error('There is no process');
  const readiness = () => member.ask('GET', '/health/ready');
  await until(async () => (await readiness()).status === 503);
  t.match((await readiness()).body, { detail: /^The disk of the database is full/ });
  const { stdout } = await latchkey(['doctor'], { variables: { DATABASE_URL: scene.cluster.url } });
  t.match(stdout, /^✗ disk +the disk of Postgres is full -> /m);
  await wait(FULL_MS);
  await disk.empty();
  const back = performance.now();
  await until(async () => (await readiness()).status === 200);
  await recover(t, scene, back, 60);
  checkOutage(t, load, full, back);
  await checkAll(t, scene);
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
