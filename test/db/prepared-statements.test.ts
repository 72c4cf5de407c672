/**
 * Statements that connections to Postgres keep prepared.
 *
 * @runs once, on Postgres: SQLite's are in sqlite/statements.test.ts.
 */
import pg from 'pg';
import t from 'tap';
import { type Handle, rawSql } from '#latchkey/db/client.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { statementName } from '#latchkey/db/postgres/statement-names.ts';
import { insertRows } from '#latchkey/db/raw/insert.ts';
import { createMigratedDatabase, directUrl, type Scope, withParameter } from '../database.ts';

/** Database with one connection. */
async function open(t: Scope, parameters: Readonly<Record<string, string>> = {}) {
  const { url } = await createMigratedDatabase(t);
  const settings = Object.entries({ connection_limit: '1', ...parameters });
  const database = openDatabase(
    settings.reduce((all, [name, value]) => withParameter(all, name, value), directUrl(url)),
  );
  t.teardown(database.close);
  return { ...database, url };
}

const levels = (of: Handle) => of.raw.query`SELECT "name" FROM "AccessLevel" WHERE "number" = ${7}`;

/** Returns the prepared statements of the connection, except this query. */
async function prepared({ db }: ReturnType<typeof openDatabase>): Promise<string[]> {
  const rows = await db.raw.query<{ statement: string }>`
    SELECT "statement" FROM pg_prepared_statements WHERE "statement" NOT LIKE '%pg_prepared_statements%'`;
  return rows.map(({ statement }) => statement);
}

t.test('A raw statement is prepared once, and an operation of a model never', async (t) => {
  const database = await open(t);
  for (let n = 0; n < 3; n++) {
    await levels(database.db);
    await database.db.accessLevel.findMany({ where: { number: 7 } });
    await database.db.transaction(async (tx) => {
      await levels(tx);
      await tx.accessLevel.findMany({ where: { number: 7 } });
    });
  }
  t.strictSame(await prepared(database), ['SELECT "name" FROM "AccessLevel" WHERE "number" = $1']);
});

t.test('A statement’s name depends only on its text', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const one = (of: Handle) => of.raw.query`SELECT ${1}::int AS one`;
  const names = async (asks: readonly ((of: Handle) => Promise<unknown>)[]) => {
    const { db, close } = openDatabase(withParameter(directUrl(url), 'connection_limit', '1'));
    t.teardown(close);
    for (const ask of asks) await db.transaction(ask);
    const rows = await db.raw.query<{ name: string; statement: string }>`
      SELECT "name", "statement" FROM pg_prepared_statements
      WHERE "statement" NOT LIKE '%pg_prepared_statements%' ORDER BY "name"`;
    for (const { name, statement } of rows) {
      t.equal(name, statementName(statement));
      t.ok(Buffer.byteLength(name) <= 63, 'and Postgres does not cut it off');
    }
    return rows.map(({ name }) => name);
  };
  const first = await names([one, levels]);
  t.equal(first.length, 2);
  t.strictSame(first, await names([levels, one]));
});

t.test('No statement is prepared behind PgBouncer', async (t) => {
  const database = await open(t, { pgbouncer: 'true' });
  await levels(database.db);
  await database.db.transaction(levels);
  t.strictSame(await prepared(database), []);
});

t.test('A connection keeps at most a hundred prepared statements', async (t) => {
  const database = await open(t);
  for (let n = 0; n < 150; n++) {
    const rows = await database.db.raw.query<{ n: number }>`SELECT ${rawSql(String(n))} AS "n"`;
    t.strictSame(
      rows.map((row) => row.n),
      [n],
    );
  }
  t.equal((await prepared(database)).length, 100);
});

t.test('A statement of many rows is not prepared', async (t) => {
  const database = await open(t);
  const row = (n: number) => ({ name: `level-${n}`, number: n, recordedAt: new Date(0) });
  await insertRows(database.db, 'AccessLevel', [row(1), row(2)]);
  await insertRows(
    database.db,
    'AccessLevel',
    Array.from({ length: 1_000 }, (_, n) => row(n + 3)),
  );
  t.equal(await database.db.accessLevel.count(), 1_002);
  t.match(await prepared(database), [
    /^INSERT INTO "AccessLevel" .* VALUES \(\$1,\$2,\$3\),\(\$4,\$5,\$6\)$/,
  ]);
});

t.test('A prepared statement survives a new column and the end of its connection', async (t) => {
  const database = await open(t);
  const other = new pg.Client(directUrl(database.url));
  await other.connect();
  t.teardown(() => other.end());
  await other.query(
    `INSERT INTO "AccessLevel" ("name", "number", "recordedAt") VALUES ('seventh', 7, now())`,
  );
  const read = async () => (await levels(database.db)).length;
  t.equal(await read(), 1);
  await other.query('ALTER TABLE "AccessLevel" ADD COLUMN "colour" TEXT');
  t.equal(await read(), 1);
  await other.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  const first = await read().catch(() => undefined);
  t.ok(first === 1 || first === undefined, 'the one that meets the end may fail');
  t.equal(await read(), 1);
});
