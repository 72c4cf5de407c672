import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { databaseKind, rawSql } from '#latchkey/db/client.ts';
import { MigrationError, migrate } from '#latchkey/db/migrations/migrate.ts';
import { migrationsFolder, readMigrations } from '#latchkey/db/migrations/read-migrations.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { createDatabase, type Scope } from '../database.ts';
import { failure } from './failure.ts';

function start(t: Scope, task: 'migrate' | 'hold', url: string): ChildProcess {
  const child = fork(resolve(import.meta.dirname, 'migrate-process.ts'), [task, url]);
  t.teardown(async () => void child.kill('SIGKILL'));
  return child;
}

async function report(child: ChildProcess): Promise<unknown> {
  const [message]: unknown[] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => [{ exited: code }]),
  ]);
  return message;
}

async function committed(url: string): Promise<string[]> {
  return (await readMigrations(migrationsFolder(databaseKind(url)))).map(({ name }) => name);
}

/** Runs SQL on a database, as an operator would by hand. */
async function execute(url: string, sql: string): Promise<void> {
  const { db, close } = openDatabase(url);
  await db.raw.execute`${rawSql(sql)}`;
  await close();
}

async function migrated(t: Scope): Promise<string> {
  const { url } = await createDatabase(t);
  await migrate(url);
  return url;
}

t.test(
  'Every migration is applied to an empty database, in order, and recorded as Prisma does',
  async (t) => {
    const { url } = await createDatabase(t);
    const migrations = await readMigrations(migrationsFolder(databaseKind(url)));
    t.same(await migrate(url), { applied: migrations.map(({ name }) => name) });
    const { db, close } = openDatabase(url);
    const rows = await db.raw.query<unknown>`
    SELECT migration_name AS name, checksum FROM _prisma_migrations
    WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`;
    t.same(
      rows,
      migrations.map(({ name, checksum }) => ({ name, checksum })),
    );
    await close();
  },
);

t.test(
  'Four processes that start at once on an empty database all come up, and one of them migrates',
  async (t) => {
    const { url } = await createDatabase(t);
    const reports = await Promise.all(Array.from({ length: 4 }, () => report(start(t, 'migrate', url))));
    const names = await committed(url);
    const [first, ...others] = reports.sort((a, b) => JSON.stringify(b).length - JSON.stringify(a).length);
    t.same(first, { applied: names, users: 0, loadedEngine: true });
    for (const other of others) t.same(other, { applied: [], users: 0, loadedEngine: false });
  },
);

t.test('A second migrate call applies nothing and does not load the schema engine', async (t) => {
  const url = await migrated(t);
  t.same(await report(start(t, 'migrate', url)), { applied: [], users: 0, loadedEngine: false });
});

t.test('A process that was killed while it held the migration lock does not block others', async (t) => {
  const { url } = await createDatabase(t);
  const holder = start(t, 'hold', url);
  t.equal(await report(holder), 'held');
  holder.kill('SIGKILL');
  t.same(await migrate(url), { applied: await committed(url) });
});

t.test('A process waits for the process that holds the migration lock', async (t) => {
  const { url } = await createDatabase(t);
  const holder = start(t, 'hold', url);
  t.equal(await report(holder), 'held');
  const waiting = report(start(t, 'hold', url));
  // It started later, has more to do, and ends earlier: only the lock delays the other.
  const elsewhere = report(start(t, 'migrate', (await createDatabase(t)).url));
  t.match(await Promise.race([waiting, elsewhere]), { users: 0 });
  holder.kill('SIGKILL');
  t.equal(await waiting, 'held');
});

t.test('An unfinished migration of a running process is waited for', async (t) => {
  const url = await migrated(t);
  const holder = start(t, 'hold', url);
  t.equal(await report(holder), 'held');
  await execute(url, 'UPDATE _prisma_migrations SET finished_at = NULL');
  const waiting = migrate(url);
  const elsewhere = migrate((await createDatabase(t)).url);
  t.not(
    (await Promise.race([waiting, elsewhere])).applied.length,
    0,
    'what was begun later was done earlier',
  );
  await execute(url, 'UPDATE _prisma_migrations SET finished_at = started_at');
  holder.kill('SIGKILL');
  t.same(await waiting, { applied: [] });
});

t.test('A process with nothing to migrate does not wait for the migration lock', async (t) => {
  const url = await migrated(t);
  t.equal(await report(start(t, 'hold', url)), 'held');
  t.same(await migrate(url), { applied: [] });
});

t.test('A migration that was altered after it was applied is refused', async (t) => {
  const url = await migrated(t);
  await execute(url, "UPDATE _prisma_migrations SET checksum = 'another'");
  await t.rejects(
    migrate(url),
    new MigrationError('is not the one that this database had'),
    'as a MigrationError',
  );
});

t.test('A migration that began and did not end is refused', async (t) => {
  const url = await migrated(t);
  await execute(url, 'UPDATE _prisma_migrations SET finished_at = NULL');
  await t.rejects(migrate(url), MigrationError);
});

t.test('A migration that fails is rolled back as a whole, and fails again at the next start', async (t) => {
  const { url } = await createDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await cp(migrationsFolder(databaseKind(url)), folder, { recursive: true });
  await mkdir(join(folder, '99990101000000_bad'));
  const sql = 'CREATE TABLE half (id INTEGER);\nCREATE TABLE half (id INTEGER);\n';
  await writeFile(join(folder, '99990101000000_bad', 'migration.sql'), sql);
  t.match(await failure(() => migrate(url, folder)), {
    name: 'MigrationError',
    message: /half.* already exists/,
  });
  t.match(await failure(() => migrate(url, folder)), {
    name: 'MigrationError',
    message: /99990101000000_bad began and did not end/,
  });
  // The statement that the message gives for missing changes, which is the case here.
  const undo = `DELETE FROM "_prisma_migrations" WHERE migration_name = '99990101000000_bad' AND finished_at IS NULL`;
  await execute(url, undo);
  await writeFile(join(folder, '99990101000000_bad', 'migration.sql'), 'CREATE TABLE half (id INTEGER);');
  t.same(await migrate(url, folder), { applied: ['99990101000000_bad'] });
});

t.test('Migrations of a newer version are accepted', async (t) => {
  const url = await migrated(t);
  await execute(
    url,
    `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
     VALUES ('later', 'unknown', CURRENT_TIMESTAMP, '99990101000000_later', CURRENT_TIMESTAMP, 1)`,
  );
  t.same(await migrate(url), { applied: [] });
});

t.test('A database that cannot be reached is reported in one line', async (t) => {
  await t.rejects(migrate('postgresql://nobody@127.0.0.1:1/nowhere'), MigrationError);
});
