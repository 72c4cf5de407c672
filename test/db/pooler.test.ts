/**
 * What a connection is set to, by us or by PgBouncer, and what is said where it is not.
 *
 * @runs once, on Postgres: SQLite has neither.
 */
import { Client } from 'pg';
import t from 'tap';
import { openDatabase } from '#latchkey/db/client.ts';
import { MigrationError, migrate } from '#latchkey/db/migrate.ts';
import { poolerAdvice } from '#latchkey/db/pooler.ts';
import { sessionSettings } from '#latchkey/db/postgres.ts';
import { createDatabase, directUrl, type Scope, withParameter } from '../database.ts';
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

/** A role of its own, whose sessions have these settings; behind PgBouncer, that is another way to make them. */
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

t.test('every connection that asks has the settings', async (t) => {
  const { url } = await createDatabase(t);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  const read = () =>
    db.$queryRaw<{ name: string; setting: string }[]>`SELECT name, setting FROM pg_settings`.then((rows) =>
      Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    );
  for (const settings of await Promise.all(Array.from({ length: 8 }, read)))
    t.match(settings, sessionSettings);
  t.strictSame(await poolerAdvice(url), [], 'and so there is nothing to say');
});

t.test('a URL that promises PgBouncer, and connections without the settings: each is named', async (t) => {
  const { url } = await createDatabase(t);
  const unset = await poolerAdvice(withParameter(directUrl(url), 'pgbouncer', 'true'));
  t.equal(unset.length, Object.keys(sessionSettings).length);
  for (const name of Object.keys(sessionSettings)) t.match(unset.join('\n'), name);
  t.strictSame(await poolerAdvice(await createRole(t, url, { ...sessionSettings })), [], 'set for the role');
});

t.test('a pooler that the URL does not tell of is noticed, where there is one', async (t) => {
  const { url } = await createDatabase(t);
  const silent = new URL(url);
  silent.searchParams.delete('pgbouncer');
  const advice = (await poolerAdvice(silent.href)).join('\n');
  if (isPooled) t.match(advice, /pgbouncer=true/);
  else t.equal(advice, '');
});

t.test(
  'a schema that PgBouncer’s connections do not look into is refused, and one that they do is made',
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
