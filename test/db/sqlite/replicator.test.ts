/**
 * A program such as Litestream, which reads the -wal file and keeps others from emptying it, works beside
 * Latchkey (docs/operations/litestream.md). It is played here by a connection that does to the database what
 * Litestream's documentation says.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import t from 'tap';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { emptyWal } from '#latchkey/db/sqlite/checkpoint.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { readTables } from '#latchkey/db/sqlite-to-postgres/tables.ts';
import { latchkey, temporaryFolder } from '../../child.ts';
import { createSqliteDatabase } from '../../database.ts';
import { PASSWORD, type Teardown } from '../../helper.ts';

/** Pages of a -wal file after which SQLite checkpoints by itself. https://www.sqlite.org/wal.html#ckpt */
const AUTOCHECKPOINT_PAGES = 1_000;

async function setUp(t: Teardown) {
  const { url } = await createSqliteDatabase(t);
  await migrate(url);
  const path = sqlitePath(url);
  const replicator = new Sqlite(path, { timeout: 1_000 });
  t.teardown(() => void replicator.close());
  replicator.exec(`CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
    CREATE TABLE _litestream_lock (id INTEGER); INSERT INTO _litestream_seq VALUES (1, 1)`);
  return { url, path, replicator };
}

/** Begins the long read transaction, which keeps every other process from restarting the -wal file. */
function hold(replicator: Sqlite.Database): void {
  replicator.exec('BEGIN');
  replicator.prepare('SELECT count(*) FROM _litestream_seq').get();
}

t.test('What is in the -wal file stays there until the replicator has read it', async (t) => {
  const { url, path, replicator } = await setUp(t);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  const walBytes = async () => (await stat(`${path}-wal`)).size;
  const write = (number: number) => db.raw.execute`
    INSERT INTO "FailedTries" ("id", "failures", "countedAt", "nextTryAt")
    VALUES (${`${number} ${'x'.repeat(5_000)}`}, 1, 0, 0)`;
  await write(0);
  hold(replicator);
  const [{ page_size: pageBytes } = { page_size: 0 }] = await db.raw.query<{ page_size: number }>`
    PRAGMA page_size`;
  for (let number = 1; number <= AUTOCHECKPOINT_PAGES; number++) await write(number);
  const size = await walBytes();
  t.ok(size > AUTOCHECKPOINT_PAGES * pageBytes, 'it grows beyond the size at which SQLite checkpoints');
  t.equal(await emptyWal(db), false, 'the job of the service does not empty it, and does not wait');
  t.equal(await walBytes(), size);

  // A checkpoint of the replicator: it lets go for a moment, writes, and holds again.
  replicator.exec('COMMIT');
  const [row] = replicator.pragma('wal_checkpoint(PASSIVE)') as { busy: number }[];
  t.equal(row?.busy, 0);
  replicator.exec('UPDATE _litestream_seq SET seq = seq + 1');
  hold(replicator);
  await write(-1);
  t.ok((await walBytes()) <= size, 'the file is used again from its start');

  replicator.exec('COMMIT');
  t.equal(await emptyWal(db), true, 'without the replicator it is empty within a minute');
  t.equal(await walBytes(), 0);
});

t.test('A move to Postgres leaves the tables of the replicator alone', async (t) => {
  const { replicator } = await setUp(t);
  const names = readTables(replicator).map(({ name }) => name);
  t.ok(names.includes('User'));
  t.strictSame(
    names.filter((name) => name.startsWith('_')),
    [],
  );
});

t.test(
  'The commands work beside the replicator and its tables, and a copy of them can be used',
  async (t) => {
    const { url, path, replicator } = await setUp(t);
    hold(replicator);
    const folder = await temporaryFolder(t);
    const variables = {
      DATABASE_URL: url,
      DATA_DIR: folder,
      SECRET: 'the secret of a test, which is long enough',
    };
    const run = (args: readonly string[], input?: string) =>
      latchkey(args, { variables, ...(input !== undefined && { input }) });
    const create = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--access', 'admin'];
    t.match(await run(create, PASSWORD), { code: 0, stderr: '' });
    const file = join(folder, 'backup.db');
    for (const args of [['backup', file], ['migrate'], ['doctor'], ['audit', 'verify']])
      t.match(await run(args), { code: 0, stderr: '' }, args.join(' '));
    t.match(await run(['restore', file]), { code: 1, stderr: /another program has it open/ });

    // A database that Litestream has restored is a copy of the pages, its own tables included.
    replicator.exec('COMMIT');
    replicator.close();
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true });
    const copy = new Sqlite(file);
    copy.exec(`VACUUM INTO '${path}'`);
    copy.close();
    t.match(await run(['restore', '--in-place']), { code: 0, stdout: /^Restored: 1 users/ });
    t.match(await run(['audit', 'verify']), { code: 0, stdout: /^The chain is whole/ });
  },
);
