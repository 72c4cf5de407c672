/**
 * A Postgres that is restarted, that is down for 20 s, and that closes connections again and again.
 *
 * @runs once, on Postgres: SQLite has no server that goes away.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import t from 'tap';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { seededRandom } from './random.ts';
import { checkAll, checkOutage, recover, startOnPostgres } from './scene.ts';

/** Durations of the faults, and the interval between two cuts. */
const OUTAGE_MS = 20_000;
const CUTTING_MS = 8_000;
const CUT_INTERVAL_MS = 150;

const faults: Record<string, (postgres: PostgresServer) => Promise<void>> = {
  'restarted as by an administrator': (postgres) => postgres.restart(),
  'killed, and started again': async (postgres) => {
    await postgres.kill();
    await postgres.restart();
  },
  [`stopped for ${OUTAGE_MS / 1000} s`]: async (postgres) => {
    await postgres.shutDown();
    await wait(OUTAGE_MS);
    await postgres.restart();
  },
  [`cut off from its clients every ${CUT_INTERVAL_MS} ms for ${CUTTING_MS / 1000} s`]: cutConnections,
};

for (const [name, breakIt] of Object.entries(faults)) {
  t.test(`No acknowledged change is lost when Postgres is ${name}`, async (t) => {
    const random = seededRandom();
    t.comment(`${name}: --seed=${random.seed}`);
    const postgres = await startPostgres();
    t.teardown(() => postgres.stop());
    const scene = await startOnPostgres(t, postgres.url, random);
    const { load } = scene;

    await load.successes(100);
    const broken = performance.now();
    await breakIt(postgres);
    const back = performance.now();
    await recover(t, scene, back, 100);
    checkOutage(t, load, broken, back);
    await checkAll(t, scene);
  });
}

async function cutConnections({ url }: PostgresServer): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  const until = performance.now() + CUTTING_MS;
  while (performance.now() < until) {
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    await wait(CUT_INTERVAL_MS);
  }
  await client.end();
}
