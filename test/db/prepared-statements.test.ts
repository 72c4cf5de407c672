/**
 * Statements that connections to Postgres keep prepared.
 *
 * @runs once, on Postgres: SQLite's are in sqlite/statements.test.ts.
 */
import pg from 'pg';
import t from 'tap';
import { openDatabase, rawSql } from '#latchkey/db/client.ts';
import { statementName } from '#latchkey/db/statement-names.ts';
import type { Statements } from '#latchkey/db/statements.ts';
import { createMigratedDatabase, directUrl, type Scope, withParameter } from '../database.ts';

/** A database with one connection. */
async function open(t: Scope, parameters: Readonly<Record<string, string>> = {}) {
  const { url } = await createMigratedDatabase(t);
  const settings = Object.entries({ connection_limit: '1', ...parameters });
  const database = openDatabase(
    settings.reduce((all, [name, value]) => withParameter(all, name, value), directUrl(url)),
  );
  t.teardown(database.close);
  return { ...database, url };
}

const levels = (of: Statements) => of.$queryRaw`SELECT "name" FROM "AccessLevel" WHERE "number" = ${7}`;

/** What the one connection has prepared, this question aside. */
async function prepared({ db }: ReturnType<typeof openDatabase>): Promise<string[]> {
  const rows = await db.$queryRaw<{ statement: string }[]>`SELECT "statement" FROM pg_prepared_statements`;
  return rows.map(({ statement }) => statement);
}

t.test('what goes past the client is prepared once, what goes through it never', async (t) => {
  const database = await open(t);
  for (let n = 0; n < 3; n++) {
    await levels(database.direct);
    await levels(database.db);
    await database.direct.transaction(levels);
  }
  t.strictSame(await prepared(database), ['SELECT "name" FROM "AccessLevel" WHERE "number" = $1']);
});

t.test('a name is that of its statement, whoever asks for it and when', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const one = (of: Statements) => of.$queryRaw`SELECT ${1}::int AS one`;
  const names = async (asks: readonly ((of: Statements) => Promise<unknown>)[]) => {
    const { db, direct, close } = openDatabase(withParameter(directUrl(url), 'connection_limit', '1'));
    t.teardown(close);
    for (const ask of asks) await direct.transaction(ask);
    const rows = await db.$queryRaw<{ name: string; statement: string }[]>`
      SELECT "name", "statement" FROM pg_prepared_statements ORDER BY "name"`;
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

t.test('nothing is prepared behind PgBouncer', async (t) => {
  const database = await open(t, { pgbouncer: 'true' });
  await levels(database.direct);
  await database.direct.transaction(levels);
  t.strictSame(await prepared(database), []);
});

t.test('a hundred statements are kept, whatever is asked', async (t) => {
  const database = await open(t);
  for (let n = 0; n < 150; n++) {
    const rows = await database.direct.$queryRaw<{ n: number }>`SELECT ${rawSql(String(n))} AS "n"`;
    t.strictSame(
      rows.map((row) => row.n),
      [n],
    );
  }
  t.equal((await prepared(database)).length, 100);
});

t.test('a prepared statement outlives a new column, and the end of its connection', async (t) => {
  const database = await open(t);
  const other = new pg.Client(directUrl(database.url));
  await other.connect();
  t.teardown(() => other.end());
  await other.query(
    `INSERT INTO "AccessLevel" ("name", "number", "recordedAt") VALUES ('seventh', 7, now())`,
  );
  const read = async () => (await levels(database.direct)).length;
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
