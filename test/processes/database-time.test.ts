/**
 * Effects of the database's clock and the order of its commits on the feed of revocations.
 *
 * @runs once, on Postgres: SQLite has neither.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import t from 'tap';
import { directUrl } from '../database.ts';
import type { Teardown } from '../helper.ts';
import { createCluster, isAccepted, type Member, refused, until } from './cluster.ts';

/**
 * Inserts an uncommitted row that revokes a user's or a session's tokens, dated as in src/accounts/change.ts.
 */
interface OpenRevocation {
  readonly dated: string;
  commit(): Promise<void>;
}

async function connect(t: Teardown, url: string): Promise<pg.Client> {
  // Its transactions stay open for longer than PgBouncer's connections allow.
  const client = new pg.Client(directUrl(url));
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

async function revoke(
  client: pg.Client,
  { userId = null, sessionId = null }: { userId?: string | null; sessionId?: string | null },
): Promise<OpenRevocation> {
  await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
  const { rows } = await client.query<{ dated: string }>(
    `INSERT INTO "Revocation" (id, "userId", generation, "sessionId", "createdAt")
     VALUES ($1, $2, $3, $4, clock_timestamp() AT TIME ZONE 'UTC') RETURNING "createdAt"::text AS dated`,
    [randomUUID(), userId, userId === null ? null : 1, sessionId],
  );
  return { dated: rows[0]?.dated ?? '', commit: async () => void (await client.query('COMMIT')) };
}

t.test('The feed of revocations uses the time of the database', async (t) => {
  const cluster = await createCluster(t);
  const { url } = cluster;
  const here = await cluster.start();
  const there = await cluster.start();
  const members = [here, there];
  const everywhere = (check: (at: Member) => Promise<unknown>) => Promise.all(members.map(check));

  await t.test(
    'Revocations that are committed in another order than their dates all take effect',
    async (t) => {
      const [demoted, signedOut] = [await cluster.person(here, 2), await cluster.person(here, 1)];
      const { id: sessionId } = await cluster.database.db.session.findFirstOrThrow({
        where: { userId: signedOut.id },
      });
      const [one, other] = [await connect(t, url), await connect(t, url)];
      const tokens = [demoted.token, signedOut.token];
      const accepted = () =>
        Promise.all(members.flatMap((at) => tokens.map((token) => isAccepted(at, token))));

      const first = await revoke(one, { userId: demoted.id });
      const second = await revoke(other, { sessionId });
      t.ok(first.dated < second.dated);
      // Waits as long as a transaction may take, with polls in between.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      t.strictSame(await accepted(), [true, true, true, true], 'what is not committed is not so');

      await second.commit();
      let since = performance.now();
      await everywhere((at) => refused(at, signedOut.token, since));
      t.strictSame(await accepted(), [true, false, true, false], 'the later one');
      // Every process has polled, and will look back from, a time after the date of the first one.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      t.strictSame(await accepted(), [true, false, true, false]);

      await first.commit();
      since = performance.now();
      await everywhere((at) => refused(at, demoted.token, since));
      t.strictSame(await accepted(), [false, false, false, false], 'and the earlier one');
    },
  );

  await t.test(
    'A process whose clock differs by more than 30 s from the database’s is not ready',
    async (t) => {
      const clock = await connect(t, url);
      // The search path finds it before Postgres's own function, so this database has another time.
      await clock.query(`
      CREATE SCHEMA skewed;
      CREATE TABLE skewed.offset_by (seconds integer);
      INSERT INTO skewed.offset_by VALUES (0);
      CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
        $$ SELECT pg_catalog.clock_timestamp() + seconds * interval '1 second' FROM skewed.offset_by $$;`);
      await clock.query(
        `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = skewed, public, pg_catalog`,
      );
      // PgBouncer would reuse earlier connections.
      if (url !== directUrl(url))
        await clock.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      const late = await cluster.start();
      const statusOf = async () => (await late.ask('GET', '/health/ready')).status;
      t.equal(await statusOf(), 200);
      for (const seconds of [60, -60]) {
        await clock.query('UPDATE skewed.offset_by SET seconds = $1', [seconds]);
        await until(
          `not ready with the database ${seconds} s ahead`,
          5_000,
          async () => (await statusOf()) === 503,
        );
        const { body, headers } = await late.ask('GET', '/health/ready');
        t.match(body.type, /\/problems\/not-ready$/);
        t.match(headers['retry-after'], /^[1-9]\d*$/);
        t.equal((await late.ask('GET', '/health/live')).status, 200);

        // The revocation takes effect anyway: rows are dated and read by the same clock.
        const { token } = await cluster.person(late, 1);
        const { token: same } = await cluster.person(late, 1);
        t.equal((await late.ask('POST', '/logout', { token })).status, 204);
        t.strictSame([await isAccepted(late, token), await isAccepted(late, same)], [false, true]);

        await clock.query('UPDATE skewed.offset_by SET seconds = 20');
        await until('ready with a clock that is 20 s off', 5_000, async () => (await statusOf()) === 200);
      }
    },
  );

  await t.test('A revocation takes effect after the database’s clock was set back', async (t) => {
    const clock = await connect(t, url);
    const [one, other] = await Promise.all([cluster.start(), cluster.start()]);
    const { token, refreshToken } = await cluster.person(one, 1);
    t.ok(await isAccepted(other, token));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await clock.query('UPDATE skewed.offset_by SET seconds = -300');
    t.equal((await one.ask('POST', '/logout', { token })).status, 204);
    await refused(other, token, performance.now());
    t.equal((await other.ask('POST', '/refresh', { body: { refreshToken } })).status, 401);
  });
});
