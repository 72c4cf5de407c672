/**
 * What a load balancer is told while nothing comes from the database: in time, for it waits a second.
 *
 * @runs once, on Postgres: nothing is between a process and SQLite.
 */
import t from 'tap';
import { until } from '../until.ts';
import { createCluster } from './cluster.ts';
import { startProxy } from './proxy.ts';

t.test('a database that swallows what it is sent', async (t) => {
  const cluster = await createCluster(t);
  const proxied = new URL(cluster.url);
  const proxy = await startProxy(t, Number(proxied.port));
  proxied.port = String(proxy.port);
  const service = await cluster.start({ DATABASE_URL: proxied.href });
  t.equal((await service.ask('GET', '/health/ready')).status, 200);

  proxy.pause();
  // What was revoked is trusted for two seconds more, and the process ready for as long.
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
