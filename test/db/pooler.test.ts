/**
 * Settings of connections, made by Latchkey or by PgBouncer, and the advice when they are missing.
 *
 * @runs once, on Postgres: SQLite has neither.
 */
import { Client } from 'pg';
import t from 'tap';
import { ConfigError } from '#latchkey/config/index.ts';
import { MigrationError, migrate } from '#latchkey/db/migrations/migrate.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { sessionSettings } from '#latchkey/db/postgres/adapter.ts';
import { hasUndeclaredPooler, poolerAdvice } from '#latchkey/db/postgres/pgbouncer.ts';
import { createDatabase, createMigratedDatabase, directUrl, type Scope, withParameter } from '../database.ts';
import { startPgBouncer } from '../pgbouncer-server.ts';
import { failure } from './failure.ts';

const isPooled = process.env.TEST_PGBOUNCER_PORT !== undefined;

async function execute(url: string, text: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Role whose sessions have these settings; behind PgBouncer, that is another way to make them. */
async function createRole(t: Scope, url: string, settings: Record<string, string>): Promise<string> {
  const role = `role_${new URL(url).pathname.slice(1)}`;
  await execute(directUrl(url), `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'x'`);
  t.teardown(() => execute(directUrl(url), `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`));
  for (const [name, value] of Object.entries(settings))
    await execute(directUrl(url), `ALTER ROLE ${role} SET ${name} = ${value}`);
  const changed = new URL(directUrl(url));
  changed.username = role;
  changed.password = 'x';
  changed.searchParams.set('pgbouncer', 'true');
  return changed.href;
}

t.test('Every connection has the session settings', async (t) => {
  const { url } = await createDatabase(t);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  const read = () =>
    db.raw.query<{ name: string; setting: string }>`SELECT name, setting FROM pg_settings`.then((rows) =>
      Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    );
  for (const settings of await Promise.all(Array.from({ length: 8 }, read)))
    t.match(settings, sessionSettings);
  t.strictSame(await poolerAdvice(url), [], 'and so there is nothing to say');
});

t.test('Each setting that PgBouncer’s connections lack is named', async (t) => {
  const { url } = await createDatabase(t);
  const unset = await poolerAdvice(withParameter(directUrl(url), 'pgbouncer', 'true'));
  t.equal(unset.length, Object.keys(sessionSettings).length);
  for (const name of Object.keys(sessionSettings)) t.match(unset.join('\n'), name);
  t.strictSame(await poolerAdvice(await createRole(t, url, { ...sessionSettings })), [], 'set for the role');
});

/** The same URL without a declared pooler. */
function withoutWord(url: string): string {
  const silent = new URL(url);
  silent.searchParams.delete('pgbouncer');
  return silent.href;
}

t.test('A transaction pooler that the URL does not declare is refused', async (t) => {
  const { url } = await createDatabase(t);
  t.equal(await hasUndeclaredPooler(withoutWord(url)), isPooled);
  t.notOk(await hasUndeclaredPooler(url));
  t.notOk(await hasUndeclaredPooler(directUrl(url)));
  if (!isPooled) return;
  const error = await failure(() => migrate(withoutWord(url)));
  t.ok(error instanceof ConfigError);
  t.match(String(error), /add pgbouncer=true to it/);
  t.notMatch(String(error), new URL(url).password);
});

t.test('No statement has a name behind an undeclared pooler', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const databases = [1, 2].map(() => openDatabase(withoutWord(url)));
  for (const { close } of databases) t.teardown(close);
  const prepared = await Promise.all(
    databases.map(async ({ db }) => {
      for (let n = 0; n < 20; n++) await db.transaction((tx) => tx.raw.query`SELECT ${n}::int AS n`);
      return db.raw.query`SELECT name FROM pg_prepared_statements WHERE name LIKE 'latchkey%'`;
    }),
  );
  t.equal(prepared.flat().length > 0, !isPooled);
});

t.test('A session pooler needs no declaration in the URL', async (t) => {
  const { TEST_POSTGRES_URL: server = '' } = process.env;
  if (!isPooled) return;
  const pooler = await startPgBouncer(server, 'session');
  t.teardown(pooler.stop);
  const url = new URL(directUrl((await createMigratedDatabase(t)).url));
  url.port = String(pooler.port);
  t.notOk(await hasUndeclaredPooler(url.href));
  t.strictSame((await migrate(url.href)).applied, []);
  const { db, close } = openDatabase(url.href);
  t.teardown(close);
  t.equal((await db.transaction((tx) => tx.raw.query`SELECT 1`)).length, 1);
});

t.test(
  'A schema outside the search path of PgBouncer’s connections is refused, and one inside it is created',
  async (t) => {
    const { url } = await createDatabase(t);
    const refused = withParameter(withParameter(directUrl(url), 'pgbouncer', 'true'), 'schema', 'people');
    const error = await failure(() => migrate(refused));
    t.ok(error instanceof MigrationError);
    t.match(String(error), /the schema people.*ALTER ROLE/);
    const role = await createRole(t, url, { search_path: 'people' });
    t.not((await migrate(withParameter(role, 'schema', 'people'))).applied.length, 0);
    const { db, close } = openDatabase(withParameter(directUrl(url), 'schema', 'people'));
    t.teardown(close);
    t.equal(await db.user.count(), 0);
  },
);
