/**
 * While another process holds SQLite's write lock, one statement retries on behalf of all, and the thread is
 * free.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import t, { type Test } from 'tap';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { openAdapter, query } from './open-adapter.ts';

const insert = (n: number) => query(`INSERT INTO "Thing" VALUES (${n})`);
const read = query('SELECT "n" FROM "Thing" ORDER BY rowid');

/** Number of attempts of each statement, by its text. */
const attempts = new Map<string, number>();
const tried = (sql: string) => attempts.get(sql) ?? 0;
const statements: { run(...args: unknown[]): unknown; readonly source: string } = Object.getPrototypeOf(
  new Sqlite(':memory:').prepare('SELECT 1'),
);
const { run } = statements;
statements.run = function (...args) {
  attempts.set(this.source, tried(this.source) + 1);
  return run.apply(this, args);
};

/** Adapter, and another connection that holds the write lock. */
async function openLocked(t: Test) {
  const { path, adapter } = await openAdapter(t, 'CREATE TABLE "Thing" ("n" INTEGER)');
  const other = new Sqlite(path);
  t.teardown(() => void other.close());
  attempts.clear();
  other.exec('BEGIN IMMEDIATE');
  return { adapter, other };
}

async function untilTried(sql: string, times: number): Promise<void> {
  while (tried(sql) < times) await setTimeout(1);
}

t.test('One of twenty waiting statements retries the lock, and all continue in their order', async (t) => {
  const { adapter, other } = await openLocked(t);
  const waiters = Array.from({ length: 20 }, (_, n) => adapter.executeRaw(insert(n)));
  await untilTried(insert(0).sql, 10);
  for (let n = 1; n < 20; n++) t.equal(tried(insert(n).sql), 0, `number ${n}`);
  other.exec('COMMIT');
  await Promise.all(waiters);
  for (let n = 1; n < 20; n++) t.equal(tried(insert(n).sql), 1, `number ${n}`);
  t.strictSame(
    (await adapter.queryRaw(read)).rows.flat(),
    Array.from({ length: 20 }, (_, n) => n),
  );
});

t.test('Earlier and later reads go ahead of writes that wait for the lock', async (t) => {
  const { adapter, other } = await openLocked(t);
  other.exec('INSERT INTO "Thing" VALUES (100)');
  const done: string[] = [];
  const note = (name: string) => () => void done.push(name);
  // The first one has the thread until it finds the lock: the read is added to the same queue.
  const transaction = adapter.startTransaction();
  transaction.then(note('transaction'));
  const before = adapter.queryRaw(read);
  const write = adapter.executeRaw(insert(1)).then(note('write'));
  t.strictSame((await before).rows, []);
  await untilTried('BEGIN IMMEDIATE', 3);
  for (let n = 0; n < 100; n++) t.strictSame((await adapter.queryRaw(read)).rows, []);
  await t.rejects(adapter.queryRaw(query('SELECT * FROM "nowhere"')), {
    cause: { kind: 'TableDoesNotExist' },
  });
  const returning = adapter
    .queryRaw(query('INSERT INTO "Thing" VALUES (2) RETURNING "n"'))
    .then(note('returning'));
  await untilTried('BEGIN IMMEDIATE', 6);
  t.strictSame(done, [], 'no write is done yet');
  other.exec('COMMIT');
  const tx = await transaction;
  const after = adapter.queryRaw(read);
  await tx.executeRaw(insert(3));
  await tx.executeRaw(query('COMMIT'));
  t.strictSame(done, ['transaction'], 'while it is open, all others wait');
  await tx.commit();
  t.strictSame((await after).rows.flat(), [100, 3, 1, 2], 'after the end of the transaction, and in turn');
  await Promise.all([write, returning]);
  t.strictSame(done, ['transaction', 'write', 'returning']);
});

t.test('A statement fails after five seconds in the queue, and later ones go on waiting', async (t) => {
  const { adapter, other } = await openLocked(t);
  const failed: unknown[] = [];
  const waiters = Array.from({ length: 20 }, (_, n) =>
    adapter.executeRaw(insert(n)).catch((error: unknown) => failed.push(error)),
  );
  await untilTried(insert(0).sql, 50);
  let isOver = false;
  const later = [adapter.startTransaction(), adapter.executeRaw(insert(100))] as const;
  for (const promise of later) {
    promise.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
  }
  await Promise.all(waiters);
  t.equal(failed.length, 20);
  for (const error of failed) {
    t.match(error, { cause: { kind: 'SocketTimeout', originalCode: 'SQLITE_BUSY' } });
    t.ok(isUnavailable(error));
  }
  t.equal(new Set(failed).size, 20, 'each has an error of its own');
  for (let n = 1; n < 20; n++) t.equal(tried(insert(n).sql), 0, `number ${n} has tried nothing by itself`);
  await untilTried('BEGIN IMMEDIATE', 2);
  t.notOk(isOver);
  other.exec('COMMIT');
  const tx = await later[0];
  await tx.commit();
  await later[1];
  t.strictSame((await adapter.queryRaw(read)).rows, [[100]]);
});

t.test('A read waits, too, while another process has locked the whole database', async (t) => {
  const { path, adapter } = await openAdapter(t, 'CREATE TABLE "Thing" ("n" INTEGER)');
  // Without WAL, a writer blocks readers.
  await adapter.queryRaw(query('PRAGMA journal_mode = DELETE'));
  const alone = new Sqlite(path);
  t.teardown(() => void alone.close());
  attempts.clear();
  alone.exec('BEGIN EXCLUSIVE; INSERT INTO "Thing" VALUES (1)');
  const order: string[] = [];
  const all = [
    adapter.executeRaw(insert(2)).then(() => order.push('write')),
    adapter.queryRaw(read).then(() => order.push('read')),
  ];
  await untilTried(insert(2).sql, 5);
  t.strictSame(order, []);
  alone.exec('COMMIT');
  await Promise.all(all);
  t.strictSame((await adapter.queryRaw(read)).rows.flat(), [1, 2]);
});

t.test('A connection is closed after the statements that wait for the lock', async (t) => {
  const { adapter, other } = await openLocked(t);
  const write = adapter.executeRaw(insert(1));
  const closed = adapter.dispose();
  await untilTried(insert(1).sql, 3);
  other.exec('COMMIT');
  t.equal(await write, 1);
  await closed;
  t.strictSame(other.prepare(read.sql).pluck().all(), [1]);
});

/** Counts the turns of the event loop. */
function countTurns(t: Test): { count: number } {
  const turns = { count: 0 };
  let isOver = false;
  t.teardown(() => {
    isOver = true;
  });
  const count = async () => {
    while (!isOver) {
      await setImmediate();
      turns.count++;
    }
  };
  void count();
  return turns;
}

t.test('A long sequence of awaited statements leaves turns to sockets and timers', async (t) => {
  const { adapter } = await openAdapter(t, 'CREATE TABLE "Thing" ("n" INTEGER)');
  const turns = countTurns(t);
  /** Repeats work until the event loop has turned, up to a maximum of repetitions. */
  const repeat = async (work: () => Promise<unknown>) => {
    const enough = turns.count + 5;
    for (let n = 0; n < 50_000 && turns.count < enough; n++) await work();
    return turns.count >= enough;
  };
  t.ok(await repeat(() => adapter.queryRaw(read)), 'outside transactions');
  const tx = await adapter.startTransaction();
  t.ok(await repeat(() => tx.queryRaw(read)), 'in a transaction');
  await tx.commit();
  t.ok(await repeat(async () => (await adapter.startTransaction()).commit()), 'between transactions');
  t.ok(await repeat(() => Promise.all([adapter.queryRaw(read), adapter.queryRaw(read)])), 'two at a time');
  const before = turns.count;
  await Promise.all(Array.from({ length: 20_000 }, () => adapter.queryRaw(read)));
  t.ok(turns.count >= before + 5, 'many that were sent at once');
});
