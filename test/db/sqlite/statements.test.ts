/**
 * Cached prepared statements: they behave like statements that are prepared each time.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import Sqlite from 'better-sqlite3';
import t, { type Test } from 'tap';
import { openAdapter, query } from './open-adapter.ts';

const insert = 'INSERT INTO "Thing" ("id", "size", "at", "isGood") VALUES (?, ?, ?, ?)';
const table = 'CREATE TABLE "Thing" ("id" TEXT PRIMARY KEY, "size" BIGINT, "at" DATETIME, "isGood" BOOLEAN)';

/** Texts that all connections have prepared. */
const prepared: string[] = [];

/** Driver that records what it prepares. */
class NotingSqlite extends Sqlite {
  // biome-ignore lint/suspicious/noExplicitAny: as the types of the driver have it
  override prepare(sql: string): any {
    prepared.push(sql);
    return super.prepare(sql);
  }
}

async function open(t: Test) {
  return openAdapter(t, table, (path) => new NotingSqlite(path));
}

/** Calls of the adapter and their results. */
async function useAll(adapter: SqlDriverAdapter): Promise<unknown[]> {
  const answers: unknown[] = [];
  const all = [
    () => adapter.executeRaw(query(insert, 'a', 1, new Date(0), true)),
    () => adapter.executeRaw(query(insert, 'b', null, null, false)),
    () => adapter.queryRaw(query('SELECT "id", "size", "at", "isGood" FROM "Thing" ORDER BY "id"')),
    () => adapter.queryRaw(query('SELECT "size" FROM "Thing" WHERE "id" = ?', 'a')),
    () => adapter.queryRaw(query('SELECT "size" FROM "Thing" WHERE "id" = ?', 'nobody')),
    () => adapter.queryRaw(query('UPDATE "Thing" SET "size" = 2 WHERE "id" = ? RETURNING "size"', 'b')),
    () => adapter.queryRaw(query('SELECT "nothing" FROM "Thing"')),
    () => adapter.queryRaw(query('SELECT "size" FROM "Thing" WHERE "id" = ?')),
    () => adapter.queryRaw(query('DELETE FROM "Thing"')),
  ];
  for (const ask of all)
    answers.push(await ask().catch((error: Error & { cause: unknown }) => [error.message, error.cause]));
  return answers;
}

t.test('A statement returns the same at the second run and is prepared once', async (t) => {
  const { adapter } = await open(t);
  prepared.length = 0;
  const first = await useAll(adapter);
  const ofFirst = prepared.length;
  t.strictSame(await useAll(adapter), first);
  // Invalid statements are not cached.
  t.strictSame(prepared.slice(ofFirst), ['SELECT "nothing" FROM "Thing"']);
  t.strictSame(first.slice(0, 2), [1, 1]);
  t.match(first[2], {
    rows: [
      ['a', 1, '1970-01-01T00:00:00.000+00:00', 1],
      ['b', null, null, 0],
    ],
  });
  t.match(first[3], { columnNames: ['size'], rows: [[1]] });
  t.strictSame((first[4] as { rows: unknown }).rows, [], 'no value of before');
  t.match(first[5], { rows: [[2]] });
  t.match(first[6], [/./, { kind: 'ColumnNotFound', column: 'nothing' }]);
  t.match(first[7], [/Too few parameter values/]);
  t.match(first[8], { columnNames: [], columnTypes: [], rows: [] });
});

t.test('A statement that failed works the next time', async (t) => {
  const { adapter } = await open(t);
  await adapter.executeRaw(query(insert, 'a', 1, null, true));
  await t.rejects(adapter.executeRaw(query(insert, 'a', 1, null, true)), {
    cause: { kind: 'UniqueConstraintViolation' },
  });
  t.equal(await adapter.executeRaw(query(insert, 'b', 1, null, true)), 1);
});

t.test('A statement keeps no bound values of an earlier run', async (t) => {
  const { adapter } = await open(t);
  const read = 'SELECT "size" FROM "Thing" WHERE "id" = ?';
  await adapter.executeRaw(query(insert, 'a', 1, null, true));
  await adapter.queryRaw(query(read, 'a'));
  await t.rejects(adapter.queryRaw(query(read)), /Too few parameter values/);
  await t.rejects(adapter.queryRaw(query(read, Symbol('no value'))), /can only bind/);
  await t.rejects(adapter.queryRaw(query(read, 'a', 'b')), /Too many parameter values/);
  t.strictSame((await adapter.queryRaw(query(read, 'a'))).rows, [[1]]);
});

t.test('A prepared statement survives a change of the schema by another process', async (t) => {
  const { path, adapter } = await open(t);
  const read = query('SELECT "id", "size" FROM "Thing"');
  const all = query('SELECT * FROM "Thing"');
  await adapter.executeRaw(query(insert, 'a', 1, null, true));
  t.strictSame((await adapter.queryRaw(read)).rows, [['a', 1]]);
  t.strictSame((await adapter.queryRaw(all)).columnNames, ['id', 'size', 'at', 'isGood']);
  const other = new Sqlite(path);
  other.exec('ALTER TABLE "Thing" ADD COLUMN "colour" TEXT; CREATE INDEX "size" ON "Thing" ("size")');
  other.close();
  t.strictSame((await adapter.queryRaw(read)).rows, [['a', 1]]);
  t.strictSame((await adapter.queryRaw(all)).columnNames, ['id', 'size', 'at', 'isGood', 'colour']);
  t.equal(await adapter.executeRaw(query(insert, 'b', 2, null, true)), 1);
  t.strictSame((await adapter.queryRaw(read)).rows.length, 2);
});

t.test('The statement cache keeps the statements that were used last', async (t) => {
  const { adapter } = await open(t);
  const ask = async (n: number) =>
    t.strictSame((await adapter.queryRaw(query(`SELECT ${n} AS "n"`))).rows, [[n]]);
  await ask(0);
  for (let n = 1; n < 1_000; n++) {
    await ask(n);
    await ask(0);
  }
  prepared.length = 0;
  await ask(999);
  await ask(0);
  t.strictSame(prepared, []);
  await ask(1);
  t.strictSame(prepared, ['SELECT 1 AS "n"']);
});

t.test('A statement with the maximum number of values works', async (t) => {
  const { adapter } = await open(t);
  const { maxBindValues = 0 } = adapter.getConnectionInfo?.() ?? {};
  const ask = (count: number) =>
    adapter.queryRaw(query(`SELECT max(${Array(count).fill('?').join()}) AS "n"`, ...Array(count).fill(1)));
  // Functions take fewer arguments than statements take values.
  const list = (count: number) =>
    adapter.queryRaw(
      query(`SELECT 1 AS "n" WHERE 1 IN (${Array(count).fill('?').join()})`, ...Array(count).fill(1)),
    );
  t.strictSame((await ask(100)).rows, [[1]]);
  t.strictSame((await list(maxBindValues)).rows, [[1]]);
  await t.rejects(list(maxBindValues + 1), { cause: { kind: 'sqlite' } });
});
