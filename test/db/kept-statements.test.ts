/**
 * Statements that SQLite prepares once: they do what those do that are prepared anew.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { join } from 'node:path';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import type { SqlDriverAdapter, SqlQuery } from '@prisma/driver-adapter-utils';
import Sqlite from 'better-sqlite3';
import { type Test, test } from 'tap';
import { keepStatements } from '#latchkey/db/kept-statements.ts';
import { temporaryFolder } from '../child.ts';

const query = (sql: string, ...args: unknown[]): SqlQuery => ({
  sql,
  args,
  argTypes: args.map(() => ({ scalarType: 'unknown', arity: 'scalar' })),
});

const insert = 'INSERT INTO "Thing" ("id", "size", "at", "isGood") VALUES (?, ?, ?, ?)';

/** A connection of its own, and what was prepared on it. */
async function open(t: Test, isKept: boolean) {
  const url = `file:${join(await temporaryFolder(t), 'things.db')}`;
  const adapter = await new PrismaBetterSqlite3({ url }).connect();
  t.teardown(() => adapter.dispose());
  await adapter.executeScript(
    'CREATE TABLE "Thing" ("id" TEXT PRIMARY KEY, "size" BIGINT, "at" DATETIME, "isGood" BOOLEAN)',
  );
  if (!('client' in adapter && adapter.client instanceof Sqlite))
    throw new Error('The adapter has its connection somewhere else: see src/db/kept-statements.ts');
  const prepared: string[] = [];
  const prepare = adapter.client.prepare.bind(adapter.client);
  Object.assign(adapter.client, {
    prepare: (sql: string) => {
      prepared.push(sql);
      return prepare(sql);
    },
  });
  if (isKept) keepStatements(adapter);
  return { url, adapter, prepared };
}

/** Everything that the adapter can be asked, twice, and what it answered. */
async function useAll(adapter: SqlDriverAdapter): Promise<unknown[]> {
  const answers: unknown[] = [];
  const all = [
    () => adapter.executeRaw(query(insert, 'a', 1, new Date(0), true)),
    () => adapter.executeRaw(query(insert, 'b', null, null, false)),
    () => adapter.queryRaw(query('SELECT "id", "size", "at", "isGood" FROM "Thing" ORDER BY "id"')),
    () => adapter.queryRaw(query('SELECT "size" FROM "Thing" WHERE "id" = ?', 'a')),
    () => adapter.queryRaw(query('SELECT "size" FROM "Thing" WHERE "id" = ?', 'nobody')),
    () => adapter.queryRaw(query('UPDATE "Thing" SET "size" = 2 WHERE "id" = ? RETURNING "size"', 'b')),
    () => adapter.queryRaw(query('DELETE FROM "Thing"')),
    () => adapter.queryRaw(query('SELECT "nothing" FROM "Thing"')),
    () => adapter.queryRaw(query('SELECT "size" FROM "Thing" WHERE "id" = ?')),
  ];
  for (let round = 0; round < 2; round++)
    for (const ask of all)
      answers.push(
        await ask().catch((error: Error & { cause: unknown }) => ({ ...error, message: error.message })),
      );
  return answers;
}

test('a statement that is kept answers as one that is not, and is prepared once', async (t) => {
  const [kept, anew] = [await open(t, true), await open(t, false)];
  const answers = await useAll(kept.adapter);
  t.strictSame(answers, await useAll(anew.adapter));
  t.match(answers[3], { rows: [[1]] });
  t.match(answers[4], { rows: [] }, 'no value of before');
  const ofTwoRounds = anew.prepared.length;
  const good = new Set(kept.prepared).size - 1;
  // What is no statement is kept nowhere.
  t.equal(kept.prepared.length, good + 2);
  t.ok(kept.prepared.length < ofTwoRounds / 2 + 2, `${kept.prepared.length} of ${ofTwoRounds}`);
});

test('a statement that fails works the next time', async (t) => {
  const { adapter } = await open(t, true);
  await adapter.executeRaw(query(insert, 'a', 1, null, true));
  await t.rejects(adapter.executeRaw(query(insert, 'a', 1, null, true)), {
    cause: { kind: 'UniqueConstraintViolation' },
  });
  t.equal(await adapter.executeRaw(query(insert, 'b', 1, null, true)), 1);
});

test('a statement outlives a change of the schema by somebody else', async (t) => {
  const { url, adapter } = await open(t, true);
  const read = query('SELECT "id", "size" FROM "Thing"');
  await adapter.executeRaw(query(insert, 'a', 1, null, true));
  t.strictSame((await adapter.queryRaw(read)).rows, [['a', 1]]);
  const other = new Sqlite(url.slice('file:'.length));
  other.exec('ALTER TABLE "Thing" ADD COLUMN "colour" TEXT; CREATE INDEX "size" ON "Thing" ("size")');
  other.close();
  t.strictSame((await adapter.queryRaw(read)).rows, [['a', 1]]);
  t.equal(await adapter.executeRaw(query(insert, 'b', 2, null, true)), 1);
  t.strictSame((await adapter.queryRaw(read)).rows.length, 2);
});

test('of many statements the last are kept', async (t) => {
  const { adapter, prepared } = await open(t, true);
  for (let n = 0; n < 1_000; n++)
    t.strictSame((await adapter.queryRaw(query(`SELECT ${n} AS "n"`))).rows, [[n]]);
  const before = prepared.length;
  await adapter.queryRaw(query('SELECT 999 AS "n"'));
  t.equal(prepared.length, before);
  await adapter.queryRaw(query('SELECT 0 AS "n"'));
  t.equal(prepared.length, before + 1);
});
