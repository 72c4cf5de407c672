/**
 * Features of SQLite only: files, and one writer at a time.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import t from 'tap';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { createSqliteDatabase } from '../database.ts';
import type { Teardown } from '../helper.ts';
import { failure } from './failure.ts';

async function modes(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const entries = names.map(
    async (name) => [name, ((await stat(join(folder, name))).mode & 0o777).toString(8)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Database with all tables. */
async function openMigrated(t: Teardown) {
  const { url } = await createSqliteDatabase(t);
  await migrate(url);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  return { url, db };
}

t.test('Other users cannot read the files of a SQLite database', async (t) => {
  const { url, db } = await openMigrated(t);
  await db.user.count();
  const found = await modes(dirname(url.slice('file:'.length)));
  t.match(Object.keys(found), ['test.db', 'test.db-shm', 'test.db-wal']);
  for (const [name, mode] of Object.entries(found)) t.equal(mode, '600', name);
});

t.test('A migration leaves no connection open', async (t) => {
  const { url } = await createSqliteDatabase(t);
  await migrate(url);
  // The last connection deletes the -wal and -shm files when it closes.
  t.same((await readdir(dirname(url.slice('file:'.length)))).sort(), [
    'test.db',
    'test.db.lock',
    'test.db.migrate-lock',
  ]);
});

t.test('A SQLite file that other users could read becomes private', async (t) => {
  const { url } = await createSqliteDatabase(t);
  const path = url.slice('file:'.length);
  await writeFile(path, '', { mode: 0o644 });
  await migrate(url);
  t.equal((await modes(dirname(path)))['test.db'], '600');
});

t.test('A missing database folder is created, without access for other users', async (t) => {
  const { url } = await createSqliteDatabase(t);
  const folder = join(dirname(url.slice('file:'.length)), 'new');
  await migrate(`file:${join(folder, 'test.db')}`);
  t.equal((await stat(folder)).mode & 0o777, 0o700);
});

t.test(
  'An acknowledged write is on the disk (WAL with synchronous FULL), and foreign keys are enforced',
  async (t) => {
    const { db } = await openMigrated(t);
    t.same(await db.raw.query`PRAGMA journal_mode`, [{ journal_mode: 'wal' }]);
    t.same(await db.raw.query`PRAGMA synchronous`, [{ synchronous: 2n }]);
    t.same(await db.raw.query`PRAGMA foreign_keys`, [{ foreign_keys: 1n }]);
  },
);

t.test('A write waits for another process that writes, without blocking the thread', async (t) => {
  const { url, db } = await openMigrated(t);
  await db.user.count();
  const other = new Sqlite(url.slice('file:'.length));
  other.exec('BEGIN IMMEDIATE');
  const row = (number: number) => ({ name: `level-${number}`, number, recordedAt: new Date(0) });
  const writes = [
    db.accessLevel.create({ data: row(1) }).then(() => 'alone'),
    db.transaction((tx) => tx.accessLevel.create({ data: row(2) })).then(() => 'in a transaction'),
  ];
  // A read runs between the attempts of the writers.
  t.equal(await Promise.race([...writes, db.accessLevel.count()]), 0);
  t.equal(await Promise.race([...writes, db.accessLevel.count()]), 0);
  other.exec('COMMIT');
  t.same(await Promise.all(writes), ['alone', 'in a transaction']);
  other.close();
});

t.test('A write that another process blocks for too long is reported as unavailable', async (t) => {
  const { url, db } = await openMigrated(t);
  const other = new Sqlite(url.slice('file:'.length));
  t.teardown(async () => void other.close());
  other.exec('BEGIN IMMEDIATE');
  t.ok(isUnavailable(await failure(() => db.transaction((tx) => tx.accessLevel.deleteMany()))));
  other.exec('COMMIT');
  await db.transaction((tx) => tx.accessLevel.deleteMany());
});
