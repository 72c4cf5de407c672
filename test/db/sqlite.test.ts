import { readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'tap';
import { openDatabase } from '#latchkey/db/client.js';
import { migrate } from '#latchkey/db/migrate.js';
import { createSqliteDatabase } from '../database.ts';

async function modes(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const entries = names.map(
    async (name) => [name, ((await stat(join(folder, name))).mode & 0o777).toString(8)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

test('nobody else can read the files of a SQLite database', async (t) => {
  const { url } = await createSqliteDatabase(t);
  await migrate(url);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  await db.user.count();
  const found = await modes(dirname(url.slice('file:'.length)));
  t.match(Object.keys(found), ['test.db', 'test.db-shm', 'test.db-wal']);
  for (const [name, mode] of Object.entries(found)) t.equal(mode, '600', name);
});

test('a SQLite file that others could read is taken from them', async (t) => {
  const { url } = await createSqliteDatabase(t);
  const path = url.slice('file:'.length);
  await writeFile(path, '', { mode: 0o644 });
  await migrate(url);
  t.equal((await modes(dirname(path)))['test.db'], '600');
});

test('a folder that is not there is made, and closed to others', async (t) => {
  const { url } = await createSqliteDatabase(t);
  const folder = join(dirname(url.slice('file:'.length)), 'new');
  await migrate(`file:${join(folder, 'test.db')}`);
  t.equal((await stat(folder)).mode & 0o777, 0o700);
});

test('an acknowledged write is on the disk: WAL with synchronous FULL, and foreign keys are kept', async (t) => {
  const { url } = await createSqliteDatabase(t);
  await migrate(url);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  t.same(await db.$queryRaw`PRAGMA journal_mode`, [{ journal_mode: 'wal' }]);
  t.same(await db.$queryRaw`PRAGMA synchronous`, [{ synchronous: 2n }]);
  t.same(await db.$queryRaw`PRAGMA foreign_keys`, [{ foreign_keys: 1n }]);
});
