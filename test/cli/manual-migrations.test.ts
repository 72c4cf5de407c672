/** MIGRATIONS=manual: only `latchkey migrate` changes tables, and nothing starts before it has. */
import { existsSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { rawSql } from '#latchkey/db/client.ts';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { migrationsFolder, readMigrations } from '#latchkey/db/migrations/read-migrations.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { latchkey, serve, temporaryFolder, type Variables } from '../child.ts';
import { createDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';

const createUser = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada'];

/** Reads one finding of the doctor. */
async function find(variables: Variables, name: string): Promise<{ found: string; advice?: string }> {
  const { stdout } = await latchkey(['doctor', '--json'], { variables });
  const { findings }: { findings: { check: string; found: string }[] } = JSON.parse(stdout);
  const finding = findings.find(({ check }) => check === name);
  if (finding === undefined) throw new Error(`The doctor has no finding ${name}`);
  return finding;
}

t.test('With MIGRATIONS=manual nothing starts until the command migrate was run', async (t) => {
  const { url, kind } = await createDatabase(t);
  const variables = {
    DATABASE_URL: url,
    DATA_DIR: await temporaryFolder(t),
    PORT: '0',
    MIGRATIONS: 'manual',
  };
  const refused = async (message: RegExp) => {
    for (const args of [['serve'], createUser])
      t.match(
        await latchkey(args, { variables, input: PASSWORD }),
        { code: 1, stdout: '', stderr: message },
        args.join(' '),
      );
  };
  const path = sqlitePath(url);
  await refused(
    /^latchkey: the database has no tables yet, and MIGRATIONS is manual: run latchkey migrate first\n$/,
  );
  if (kind === 'sqlite') t.notOk(existsSync(path), 'and no database is made');
  t.match(await find(variables, kind === 'sqlite' ? 'database' : 'migrations'), {
    found: kind === 'sqlite' ? /will be created by latchkey migrate$/ : /^there are no tables yet/,
  });

  t.match(await latchkey(['migrate'], { variables }), { code: 0, stdout: /^Applied: \d/ });
  t.equal((await latchkey(createUser, { variables, input: PASSWORD })).code, 0);
  const service = await serve(t, variables);
  t.equal((await service.ask('GET', '/health/ready')).status, 200);
  await service.stop();

  const { db, close } = openDatabase(url);
  const [last] = await db.raw.query<{ name: string }>`
    SELECT migration_name AS name FROM _prisma_migrations ORDER BY migration_name DESC LIMIT 1`;
  await db.raw.execute`DELETE FROM _prisma_migrations WHERE migration_name = ${last?.name ?? ''}`;
  await close();
  await refused(
    new RegExp(
      `^latchkey: migrations are pending \\(${last?.name}\\), and MIGRATIONS is manual: run latchkey migrate first\n$`,
    ),
  );
  t.match(await find(variables, 'migrations'), { advice: /nothing starts before, as MIGRATIONS is manual/ });
});

t.test('With MIGRATIONS=manual the service runs as a Postgres user who may not change tables', async (t) => {
  const { url, kind } = await createDatabase(t);
  if (kind === 'sqlite') {
    t.pass('SQLite has no users');
    return;
  }
  const owner = openDatabase(url);
  t.teardown(owner.close);
  const name = `service_${process.pid}_${Date.now()}`;
  await owner.db.raw.execute`${rawSql(`CREATE ROLE ${name} LOGIN PASSWORD 'only for rows'`)}`;
  t.teardown(async () => {
    await owner.db.raw.execute`${rawSql(`DROP OWNED BY ${name}`)}`;
    await owner.db.raw.execute`${rawSql(`DROP ROLE ${name}`)}`;
  });
  // The statements of the page, for the tables that are there and for those of later migrations.
  const page = await readFile('docs/operations/kubernetes.md', 'utf8');
  const statements = [...page.matchAll(/^(?:GRANT|ALTER DEFAULT) [^;]+;$/gm)].map(([statement]) => statement);
  t.equal(statements.length, 2);
  t.equal((await latchkey(['migrate'], { variables: { DATABASE_URL: url } })).code, 0);
  for (const statement of statements)
    await owner.db.raw.execute`${rawSql(statement.replace('latchkey_service', name).replace(';', ''))}`;
  const service = new URL(url);
  service.username = name;
  service.password = 'only for rows';
  const variables = {
    DATABASE_URL: service.href,
    DATA_DIR: await temporaryFolder(t),
    MIGRATIONS: 'manual',
    LOG_LEVEL: 'warn',
  };
  const running = await serve(t, variables);
  const body = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
  t.equal((await running.ask('POST', '/register', { body })).status, 201);
  t.equal(
    (await running.ask('POST', '/login', { body: { email: body.email, password: PASSWORD } })).status,
    200,
  );
  const { stdout } = await running.stop();
  t.notMatch(stdout, /"level":[456]0/, 'no job fails for lack of a right');
  await owner.db.raw.execute`CREATE TABLE "Later" ("id" TEXT)`;
  const reader = openDatabase(service.href);
  t.teardown(reader.close);
  t.strictSame(await reader.db.raw.query`SELECT * FROM "Later"`, [], 'a table of a later migration');
  t.match(await find(variables, 'privileges'), { found: /may use the tables$/ });
});

t.test('A backup of an earlier version is restored also with MIGRATIONS=manual', async (t) => {
  const { url, kind } = await createDatabase(t);
  if (kind !== 'sqlite') {
    t.pass('Postgres has its own tools');
    return;
  }
  const folder = await temporaryFolder(t);
  const earlier = join(folder, 'migrations');
  await cp(migrationsFolder(kind), earlier, { recursive: true });
  const last = (await readMigrations(earlier)).at(-1)?.name ?? '';
  await rm(join(earlier, last), { recursive: true });
  await migrate(url, earlier);
  const variables = {
    DATABASE_URL: url,
    DATA_DIR: folder,
    SECRET: 'the secret of a test, which is long enough',
  };
  const file = join(folder, 'backup.db');
  t.equal((await latchkey(['backup', file], { variables })).code, 0);
  const restored = { ...variables, DATABASE_URL: `file:${join(folder, 'new.db')}`, MIGRATIONS: 'manual' };
  t.match(await latchkey(['restore', file], { variables: restored }), {
    code: 0,
    stdout: /^Restored: 0 users/,
  });
  t.match(await find(restored, 'migrations'), { found: 'all migrations are applied' });
});
