/**
 * The control connection, and the limits of the pool.
 *
 * @runs once, on Postgres: SQLite has one connection.
 */
import pg from 'pg';
import t from 'tap';
import { withDeadline } from '#latchkey/db/deadline.ts';
import { isOverloaded, isUnavailable } from '#latchkey/db/errors.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { pingWithin } from '#latchkey/db/ping.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { createMigratedDatabase, directUrl, withParameter } from '../database.ts';
import { startApi } from '../helper.ts';
import { until } from '../until.ts';
import { failure } from './failure.ts';

/** Locks a table of a database exclusively. @returns a function that releases the lock */
async function lock(t: { teardown(work: () => Promise<void>): void }, url: string, table: string) {
  const client = new pg.Client(directUrl(url));
  await client.connect();
  t.teardown(() => client.end());
  await client.query(`BEGIN; LOCK TABLE "${table}"`);
  return () => client.query('COMMIT');
}

t.test(
  'A pool whose connections are all blocked delays neither the revocation feed nor the ping',
  async (t) => {
    const { url } = await createMigratedDatabase(t);
    const database = openDatabase(withParameter(url, 'connection_limit', '3'));
    t.teardown(database.close);
    const { db, control, pool } = database;
    const free = await lock(t, url, 'User');
    const stuck = Promise.all(Array.from({ length: 12 }, () => db.user.count()));
    await until(() => pool?.waitingCount === 10);
    t.equal(pool?.limit, 2, 'the third is not in the pool');

    const feed = new RevocationFeed(database);
    await feed.poll();
    t.ok(feed.isFresh);
    t.ok(await pingWithin(control, 900));
    t.equal(pool?.waitingCount, 10, 'all the others wait as before');
    await free();
    t.strictSame(
      await stuck,
      Array.from({ length: 12 }, () => 0),
    );
  },
);

t.test(
  'A connection limit of one leaves one connection each for the pool and the control handle',
  async (t) => {
    const { url } = await createMigratedDatabase(t);
    const database = openDatabase(withParameter(url, 'connection_limit', '1'));
    t.teardown(database.close);
    const free = await lock(t, url, 'User');
    const stuck = Promise.all([database.db.user.count()]);
    await until(() => database.pool?.totalCount === 1);
    t.equal((await database.control.raw.query`SELECT 1`).length, 1);
    await free();
    t.strictSame(await stuck, [0]);
  },
);

t.test('A query is refused at once when fifty per connection wait already', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const database = openDatabase(withParameter(url, 'connection_limit', '2'));
  t.teardown(database.close);
  const { db } = database;
  const free = await lock(t, url, 'User');
  const stuck = Promise.all(Array.from({ length: 51 }, () => db.user.count()));
  await until(() => database.pool?.waitingCount === 50);
  for (const ask of [
    () => db.accessLevel.count(),
    () => db.transaction(async (tx) => tx.accessLevel.count()),
    () => db.raw.query`SELECT 1`,
    () => db.transaction(async (tx) => tx.raw.query`SELECT 1`),
  ]) {
    const error = await failure(ask);
    t.ok(isOverloaded(error), String(error));
    t.ok(isUnavailable(error));
  }
  await free();
  t.equal((await stuck).length, 51, 'those who were there before are served');
  t.equal(await db.accessLevel.count(), 0);
});

t.test('A request that the full pool refuses is answered with the problem busy', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const api = await startApi(t, { DATABASE_URL: withParameter(url, 'connection_limit', '2') });
  const admin = await api.person(2);
  const free = await lock(t, url, 'User');
  const listing = Array.from({ length: 60 }, () => api.ask('GET', '/users', { token: admin.token }));
  const first = await Promise.race(listing);
  t.match(first, { status: 503, body: { type: /busy$/ } });
  t.match(first.headers['retry-after'], /^[1-9]/);
  t.equal((await api.ask('GET', '/health/ready')).status, 200);
  t.equal((await api.ask('GET', '/me/permissions', { token: admin.token })).status, 200);
  await free();
  const statuses = (await Promise.all(listing)).map(({ status }) => status);
  t.strictSame([...new Set(statuses)].sort(), [200, 503]);
});

t.test('Work that takes too long counts as unavailable, and its late result is ignored', async (t) => {
  let fail = (_error: Error) => {};
  const never = new Promise<void>((_, reject) => {
    fail = reject;
  });
  const error = await failure(() => withDeadline(never, 10));
  t.ok(isUnavailable(error));
  fail(new Error('too late'));
  t.equal(await withDeadline(Promise.resolve(7), 10_000), 7);
  await t.rejects(withDeadline(Promise.reject(new Error('its own')), 10_000), /its own/);
});
