/**
 * Readiness while the database does not respond: the answer comes within the second that a load balancer
 * waits.
 *
 * @runs once, on Postgres: nothing is between a process and SQLite.
 */
import t from 'tap';
import { until } from '../until.ts';
import { createCluster } from './cluster.ts';
import { startProxy } from './proxy.ts';

t.test('Health checks answer in time while the database does not respond', async (t) => {
  const cluster = await createCluster(t);
  const proxied = new URL(cluster.url);
  const proxy = await startProxy(t, Number(proxied.port));
  proxied.port = String(proxy.port);
  const service = await cluster.start({ DATABASE_URL: proxied.href });
  t.equal((await service.ask('GET', '/health/ready')).status, 200);

  proxy.pause();
  // The feed stays fresh for two more seconds, and the process stays ready as long.
  await until(async () => (await service.ask('GET', '/health/ready')).status === 503);
  // More than the pool has connections.
  const asked = await Promise.all(Array.from({ length: 30 }, () => service.ask('GET', '/health/ready')));
  for (const { status, body, took } of asked) {
    t.equal(status, 503);
    t.match(body.type, /\/problems\/(not-ready|database-unavailable)$/);
    t.ok(took < 2_000, `after ${Math.round(took)} ms`);
  }
  const live = await service.ask('GET', '/health/live');
  t.equal(live.status, 200);
  t.ok(live.took < 500);

  proxy.resume();
  await until(async () => (await service.ask('GET', '/health/ready')).status === 200);
});
