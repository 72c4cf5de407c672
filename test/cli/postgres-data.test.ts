/**
 * `latchkey migrate-to`, and `latchkey restore --in-place`, which follows pg_restore.
 *
 * @runs once, on Postgres: it is the target of the data.
 */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import pg from 'pg';
import t from 'tap';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import {
  createDatabase,
  createMigratedDatabase,
  createSqliteDatabase,
  directUrl,
  withParameter,
} from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { createCluster } from '../processes/cluster.ts';
import { until } from '../until.ts';
import { killWhen } from './killed.ts';

const SECRET = 'the secret of a test, which is longer than 32 characters';

t.test(
  'The command migrate-to moves all data from SQLite to Postgres, and all users stay signed in',
  async (t) => {
    const source = await createSqliteDatabase(t);
    const target = await createDatabase(t);
    const variables = { DATA_DIR: await temporaryFolder(t), RATE_LIMIT: '0' };
    const from = await createCluster(t, { ...variables, DATABASE_URL: source.url });
    const move = (url: string) =>
      latchkey(['migrate-to', '--json'], { variables: { ...from.variables, TARGET_DATABASE_URL: url } });
    const before = await from.start();
    const admin = await from.person(before, 2);
    const { cursor } = (await before.ask('GET', '/revocations', { token: admin.token })).body;
    const running = await move(directUrl(target.url));
    t.match(running, { code: 1, stdout: '', stderr: /^latchkey: [^\n]*stop it first\n$/ });
    await before.stop();
    await from.database.close();

    const moved = await move(directUrl(target.url));
    t.match(moved, { code: 0, stderr: '' });
    const { tables, resumed } = JSON.parse(moved.stdout);
    t.equal(resumed, false);
    const rowsOf = (name: string) => tables.find(({ table }: { table: string }) => table === name)?.rows;
    t.strictSame([rowsOf('User'), rowsOf('Session')], [1, 1]);
    t.match(
      await move(directUrl(target.url)),
      { code: 1, stdout: '', stderr: /^latchkey: [^\n]+\n$/ },
      'not into what holds data',
    );

    const to = await createCluster(t, { ...variables, DATABASE_URL: target.url });
    const after = await to.start();
    t.equal((await after.ask('GET', '/me', { token: admin.token })).status, 200);
    const feed = await after.ask('GET', `/revocations?after=${cursor}`, { token: admin.token });
    t.match(feed.body, { resync: true, complete: true }, 'readers of the feed begin anew');
    const { refreshToken } = admin;
    t.equal((await after.ask('POST', '/refresh', { body: { refreshToken } })).status, 200);
    const { status } = await after.ask('POST', '/login', {
      body: { email: admin.email, password: PASSWORD },
    });
    t.equal(status, 200);
    await after.stop();
    t.match(await latchkey(['audit', 'verify'], { variables: to.variables }), {
      code: 0,
      stdout: /^The chain is whole/,
    });
  },
);

t.test('The command migrate-to migrates no source, and does not go through PgBouncer', async (t) => {
  const [source, target] = [await createSqliteDatabase(t), await createDatabase(t)];
  await migrate(source.url);
  const database = new Sqlite(sqlitePath(source.url));
  t.teardown(() => void database.close());
  const variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: source.url };
  const move = (url: string) =>
    latchkey(['migrate-to'], { variables: { ...variables, TARGET_DATABASE_URL: url } });
  const pooled = withParameter(target.url, 'pgbouncer', 'true');
  t.match(await move(pooled), { code: 1, stderr: /^latchkey: [^\n]*name Postgres itself[^\n]*\n$/ });
  const newest = '(SELECT max(migration_name) FROM _prisma_migrations)';
  database.exec(`DELETE FROM _prisma_migrations WHERE migration_name = ${newest}`);
  const applied = database.prepare('SELECT count(*) FROM _prisma_migrations').pluck();
  const before = applied.get();
  const refused = await move(directUrl(target.url));
  t.match(refused, { code: 1, stderr: /^latchkey: [^\n]*then run latchkey migrate\n$/ });
  t.equal(applied.get(), before);
});

t.test('A killed migrate-to resumes, but not with other data', async (t) => {
  const source = await createSqliteDatabase(t);
  const target = await createDatabase(t);
  await migrate(source.url);
  const change = (statement: string) => {
    const database = new Sqlite(sqlitePath(source.url));
    database.exec(statement);
    database.close();
  };
  const rows = 60_000;
  change(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt") SELECT 'number ' || i, 1, 0, 0 FROM n`);
  const variables = {
    DATA_DIR: await temporaryFolder(t),
    DATABASE_URL: source.url,
    TARGET_DATABASE_URL: directUrl(target.url),
  };
  const move = (...options: string[]) => latchkey(['migrate-to', '--json', ...options], { variables });
  const moved = (stdout: string) => {
    const { tables, resumed } = JSON.parse(stdout);
    return { resumed, tries: tables.find(({ table }: { table: string }) => table === 'FailedTries') };
  };

  const client = new pg.Client(target.url);
  await client.connect();
  t.teardown(() => client.end());
  const copied = async (lock = ''): Promise<number> => {
    const name = await client.query(`SELECT to_regclass('_latchkey_move') AS found`);
    if (name.rows[0].found === null) return 0;
    const found = await client.query(
      `SELECT copied FROM _latchkey_move WHERE "table" = 'FailedTries' ${lock}`,
    );
    return found.rows[0].copied;
  };
  let far = 0;
  await killWhen(['migrate-to'], variables, async () => {
    await until(async () => (await copied()) > 0, 60);
    // Blocks the next batch.
    await client.query('BEGIN');
    far = await copied('FOR UPDATE');
  });
  await client.query('ROLLBACK');
  t.ok(far > 0 && far < rows, `${far} of ${rows} rows`);

  change(`UPDATE "FailedTries" SET "failures" = 2 WHERE "id" = 'number ${rows}'`);
  t.match(await move(), { code: 1, stdout: '', stderr: /^latchkey: [^\n]*--start-over\n$/ });
  change(`UPDATE "FailedTries" SET "failures" = 1 WHERE "id" = 'number ${rows}'`);
  t.equal(await copied(), far, 'nothing was written meanwhile');
  const again = await move();
  // A long run prints its progress.
  t.match(again, { code: 0, stderr: /^((Copying|Checking) .*\n)*$/ });
  t.match(moved(again.stdout), { resumed: true, tries: { rows } });
  const { rows: count } = await client.query('SELECT count(*)::int AS all FROM "FailedTries"');
  t.strictSame(count, [{ all: rows }]);
});

t.test('The command restore --in-place ends every session after pg_restore', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const folder = await temporaryFolder(t);
  const cluster = await createCluster(t, {
    DATABASE_URL: url,
    DATA_DIR: join(folder, 'data'),
    SECRET,
    RATE_LIMIT: '0',
  });
  const service = await cluster.start();
  const { token, refreshToken, email } = await cluster.person(service, 1);
  await service.stop();
  const restored = await latchkey(['restore', '--in-place', '--json'], { variables: cluster.variables });
  t.match(restored, { code: 0, stderr: '' });
  t.match(JSON.parse(restored.stdout), { users: 1, sessions: 1, kept: null });
  const again = await cluster.start();
  t.equal((await again.ask('GET', '/me', { token })).status, 401);
  t.equal((await again.ask('POST', '/refresh', { body: { refreshToken } })).status, 401);
  t.equal((await again.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
});
