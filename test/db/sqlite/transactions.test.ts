/**
 * Transactions, scripts, and the end of a connection, as Prisma's client and its schema engine use an
 * adapter.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import type { IsolationLevel, SqlDriverAdapter, SqlQueryable } from '@prisma/driver-adapter-utils';
import Sqlite from 'better-sqlite3';
import t, { type Test } from 'tap';
import { abortOnError } from '#latchkey/db/adapters/abort-on-error.ts';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { failure } from '../failure.ts';
import { openAdapter, query } from './open-adapter.ts';

const commit = query('COMMIT');
const rollback = query('ROLLBACK');
const insert = (n: number) => query('INSERT INTO "Thing" VALUES (?)', n);
const table = `
  CREATE TABLE "Thing" ("n" INTEGER PRIMARY KEY);
  CREATE TABLE "Part" ("of" INTEGER REFERENCES "Thing" ("n") DEFERRABLE INITIALLY DEFERRED)`;

const open = (t: Test) => openAdapter(t, table);

async function numbers(adapter: SqlQueryable): Promise<unknown[]> {
  return (await adapter.queryRaw(query('SELECT "n" FROM "Thing" ORDER BY "n"'))).rows.flat();
}

t.test(
  'A transaction is committed by COMMIT and then commit(), or rolled back by ROLLBACK and then rollback()',
  async (t) => {
    const { adapter } = await open(t);
    const kept = await adapter.startTransaction('SERIALIZABLE');
    t.strictSame(kept.options, { usePhantomQuery: false }, 'Prisma sends COMMIT itself');
    t.equal(await kept.executeRaw(insert(1)), 1);
    t.strictSame(await numbers(kept), [1]);
    await kept.executeRaw(commit);
    await kept.commit();
    const undone = await adapter.startTransaction();
    await undone.executeRaw(insert(2));
    await undone.executeRaw(rollback);
    await undone.rollback();
    t.strictSame(await numbers(adapter), [1]);
  },
);

t.test('A transaction that ends without COMMIT is rolled back, and may end twice', async (t) => {
  const { adapter } = await open(t);
  const first = await adapter.startTransaction();
  await first.executeRaw(insert(1));
  const waiting = adapter.startTransaction();
  await first.commit();
  await first.rollback();
  const second = await waiting;
  await first.commit();
  const outside = adapter.executeRaw(insert(3));
  await second.executeRaw(insert(2));
  await second.executeRaw(commit);
  await second.commit();
  await outside;
  t.strictSame(await numbers(adapter), [2, 3]);
});

t.test('A COMMIT that fails leaves no transaction open', async (t) => {
  const { adapter } = await open(t);
  const tx = await adapter.startTransaction();
  await tx.executeRaw(query('INSERT INTO "Part" VALUES (7)'));
  await t.rejects(tx.executeRaw(commit), { cause: { kind: 'ForeignKeyConstraintViolation' } });
  // Prisma sends no ROLLBACK here.
  await tx.rollback();
  t.equal(await adapter.executeRaw(insert(1)), 1);
  t.strictSame((await adapter.queryRaw(query('SELECT * FROM "Part"'))).rows, []);
});

t.test(
  'A statement after the end of its transaction joins no other and is not committed by itself',
  async (t) => {
    const { adapter } = await open(t);
    const closed = { cause: { kind: 'TransactionAlreadyClosed' } };
    const tx = await adapter.startTransaction();
    await tx.executeRaw(commit);
    await t.rejects(tx.executeRaw(insert(1)), closed, 'between COMMIT and commit()');
    await tx.commit();
    await t.rejects(tx.executeRaw(insert(2)), closed);
    const next = await adapter.startTransaction();
    await t.rejects(tx.executeRaw(insert(3)), closed, 'while another one is open');
    await next.executeRaw(commit);
    await next.commit();
    t.strictSame(await numbers(adapter), []);
  },
);

t.test('A transaction that SQLite ended by itself accepts no statement', async (t) => {
  const { adapter } = await open(t);
  await adapter.executeRaw(insert(0));
  const tx = await adapter.startTransaction();
  await tx.executeRaw(insert(1));
  await t.rejects(tx.executeRaw(query('INSERT OR ROLLBACK INTO "Thing" VALUES (0)')));
  await t.rejects(tx.executeRaw(insert(2)), { cause: { kind: 'TransactionAlreadyClosed' } });
  await tx.rollback();
  t.strictSame(await numbers(adapter), [0]);
});

t.test('A transaction that was begun by hand is joined by no statement', async (t) => {
  const { path, adapter } = await open(t);
  await adapter.executeRaw(query('BEGIN'));
  await adapter.executeRaw(insert(1));
  const tx = await adapter.startTransaction();
  await tx.executeRaw(insert(2));
  await tx.executeRaw(commit);
  await tx.commit();
  const other = new Sqlite(path, { readonly: true });
  t.strictSame(other.prepare('SELECT "n" FROM "Thing"').pluck().all(), [1, 2]);
  other.close();
});

t.test('A savepoint can be rolled back and released', async (t) => {
  const { adapter } = await open(t);
  const tx = await adapter.startTransaction();
  await tx.createSavepoint?.('a');
  await tx.executeRaw(insert(1));
  await tx.createSavepoint?.('b');
  await tx.executeRaw(insert(2));
  await tx.rollbackToSavepoint?.('b');
  await tx.releaseSavepoint?.('b');
  await tx.executeRaw(insert(3));
  await tx.releaseSavepoint?.('a');
  await tx.executeRaw(commit);
  await tx.commit();
  t.strictSame(await numbers(adapter), [1, 3]);
});

t.test('A failed statement blocks later ones until a rollback to a savepoint', async (t) => {
  const { factory } = await open(t);
  const adapter = await abortOnError(factory).connect();
  t.teardown(() => adapter.dispose());
  const tx = await adapter.startTransaction();
  await tx.executeRaw(insert(1));
  await tx.createSavepoint?.('a');
  const unique = { cause: { kind: 'UniqueConstraintViolation' } };
  await t.rejects(tx.executeRaw(insert(1)), unique);
  await t.rejects(tx.executeRaw(insert(2)), unique);
  await t.rejects(tx.queryRaw(query('SELECT 1')), unique);
  await tx.rollbackToSavepoint?.('a');
  await tx.executeRaw(insert(3));
  await t.rejects(tx.executeRaw(insert(3)), unique);
  await t.rejects(tx.executeRaw(commit), unique);
  await tx.commit();
  t.strictSame(await numbers(adapter), []);
});

t.test('An isolation level other than Serializable is refused', async (t) => {
  const { adapter } = await open(t);
  const levels: IsolationLevel[] = ['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SNAPSHOT'];
  for (const level of levels)
    await t.rejects(adapter.startTransaction(level), { cause: { kind: 'InvalidIsolationLevel', level } });
  await adapter.executeRaw(insert(1));
});

t.test('A script runs all or nothing, and foreign keys are enforced afterwards', async (t) => {
  const { path, adapter } = await open(t);
  await adapter.executeRaw(insert(1));
  await t.rejects(adapter.executeScript('INSERT INTO "Thing" VALUES (2); INSERT INTO "Thing" VALUES (1)'), {
    cause: { kind: 'UniqueConstraintViolation' },
  });
  t.strictSame(await numbers(adapter), [1]);
  // As Prisma alters a table: other rows refer to it while it does not exist.
  await adapter.executeRaw(query('INSERT INTO "Part" VALUES (1)'));
  await adapter.executeScript(`
    PRAGMA foreign_keys = OFF;
    CREATE TABLE "new" ("n" INTEGER PRIMARY KEY, "name" TEXT);
    INSERT INTO "new" ("n") SELECT "n" FROM "Thing";
    DROP TABLE "Thing";
    ALTER TABLE "new" RENAME TO "Thing";
    PRAGMA foreign_keys = ON`);
  t.strictSame((await adapter.queryRaw(query('SELECT * FROM "Thing"'))).rows, [[1, null]]);
  await t.rejects(adapter.executeRaw(query('INSERT INTO "Part" VALUES (7)')), {
    cause: { kind: 'ForeignKeyConstraintViolation' },
  });
  const other = new Sqlite(path);
  other.exec('BEGIN IMMEDIATE; INSERT INTO "Thing" ("n") VALUES (2)');
  const script = adapter.executeScript('INSERT INTO "Thing" ("n") VALUES (3)');
  t.strictSame(await numbers(adapter), [1], 'readers need not wait for a script that waits');
  other.exec('COMMIT');
  other.close();
  await script;
  t.strictSame(await numbers(adapter), [1, 2, 3]);
});

t.test('The shadow database is a separate one with the same behaviour', async (t) => {
  const { factory, adapter } = await open(t);
  const shadow = await factory.connectToShadowDb();
  await t.rejects(numbers(shadow), { cause: { kind: 'TableDoesNotExist' } });
  await shadow.executeScript(table);
  await shadow.executeRaw(insert(1));
  const tx = await shadow.startTransaction();
  await tx.executeRaw(insert(2));
  await tx.executeRaw(commit);
  await tx.commit();
  t.strictSame(await numbers(shadow), [1, 2]);
  t.strictSame(await numbers(adapter), []);
  await t.rejects(shadow.executeRaw(query('INSERT INTO "Part" VALUES (7)')));
  await shadow.dispose();
  await t.rejects(numbers(shadow), { cause: { kind: 'ConnectionClosed' } });
});

t.test('A closed connection finishes earlier statements and refuses later ones', async (t) => {
  const { adapter } = await open(t);
  const order: string[] = [];
  const note = (name: string, work: Promise<unknown>) =>
    work.then(
      () => order.push(name),
      (error: unknown) => order.push(`${name}: ${isUnavailable(error) ? 'unavailable' : error}`),
    );
  const tx = await adapter.startTransaction();
  const all = [
    note('before', adapter.executeRaw(insert(1))),
    note('dispose', adapter.dispose()),
    note('after', adapter.executeRaw(insert(2))),
    note('begin', adapter.startTransaction()),
  ];
  await tx.executeRaw(insert(3));
  t.strictSame(order, []);
  await tx.executeRaw(commit);
  await tx.commit();
  await Promise.all(all);
  t.strictSame(order.toSorted(), ['after: unavailable', 'before', 'begin: unavailable', 'dispose']);
  t.equal(order[0], 'before');
  const uses: ((closed: SqlDriverAdapter) => Promise<unknown>)[] = [
    (closed) => closed.queryRaw(query('SELECT 1')),
    (closed) => closed.executeRaw(insert(4)),
    (closed) => closed.executeScript('SELECT 1'),
    (closed) => closed.startTransaction(),
  ];
  for (const use of uses) t.match(await failure(() => use(adapter)), { cause: { kind: 'ConnectionClosed' } });
  await t.rejects(tx.executeRaw(insert(5)), { cause: { kind: 'TransactionAlreadyClosed' } });
  await adapter.dispose();
});

t.test('A transaction whose rollback failed does not block later statements', async (t) => {
  let failures = 1;
  /** The first ROLLBACK fails, as on a disk that does not answer. */
  class FailingSqlite extends Sqlite {
    // biome-ignore lint/suspicious/noExplicitAny: as the types of the driver have it
    override prepare(sql: string): any {
      if (sql === 'ROLLBACK' && failures-- > 0)
        throw new Sqlite.SqliteError('disk I/O error', 'SQLITE_IOERR');
      return super.prepare(sql);
    }
  }
  const { adapter } = await openAdapter(t, table, (path) => new FailingSqlite(path));
  const tx = await adapter.startTransaction();
  await tx.executeRaw(insert(1));
  await tx.rollback();
  t.strictSame(await numbers(adapter), []);
  t.equal(await adapter.executeRaw(insert(2)), 1);
  t.strictSame(await numbers(adapter), [2]);
});
