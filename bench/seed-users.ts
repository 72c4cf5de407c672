/** Inserts many users with raw statements. Through Prisma it would take minutes. */

import { setImmediate } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import pg from 'pg';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { databaseKind } from '#latchkey/db/client.ts';
import { connectionOptions, parsePostgresUrl } from '#latchkey/db/postgres/adapter.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';

/** Rows per statement (Postgres), and per transaction (SQLite). */
const BATCH_ROWS = 5_000;

const given = [
  'Ada',
  'Alan',
  'Barbara',
  'Donald',
  'Edsger',
  'Frances',
  'Grace',
  'Hedy',
  'Ida',
  'Joan',
  'Katherine',
];
const family = [
  'Lovelace',
  'Turing',
  'Liskov',
  'Knuth',
  'Dijkstra',
  'Allen',
  'Hopper',
  'Lamarr',
  'Rhodes',
  'Clarke',
];

type Row = ReturnType<typeof rowOf>;

/**
 * Adds users to a migrated database: 90 % users, 9 % guests, 1 % admins, 2 % of each disabled, all without a
 * password. The indexes are built at the end, which takes a third of the time.
 *
 * @param onProgress gets the number of users so far
 */
export async function seedUsers(url: string, count: number, onProgress: (done: number) => void = () => {}) {
  const insert = databaseKind(url) === 'sqlite' ? sqliteInserter(url) : await postgresInserter(url);
  try {
    for (let from = 0; from < count; from += BATCH_ROWS) {
      const until = Math.min(from + BATCH_ROWS, count);
      await insert.add(Array.from({ length: until - from }, (_, i) => rowOf(from + i)));
      // SQLite answers synchronously: a Postgres that is filled at the same time would get no data, and close
      // the connection after a minute.
      await setImmediate();
      onProgress(until);
    }
  } finally {
    await insert.end();
  }
}

/** Names and addresses in another order than the ids; the same in every run. */
function rowOf(n: number) {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  const pick = (words: readonly string[], by: number) => words[by % words.length] ?? '';
  const name = `${pick(given, mixed)} ${pick(family, mixed >>> 8)} ${(mixed >>> 12).toString(36)}`;
  const email = `${mixed.toString(36)}.${n}@example.com`;
  const percent = (mixed >>> 16) % 100;
  const access = percent < 90 ? 1 : percent < 99 ? 0 : 2;
  return { ...buildUserRow({ name, email, passwordHash: '', access }), disabled: (mixed >>> 4) % 50 === 0 };
}

interface Inserter {
  add(rows: readonly Row[]): Promise<void>;
  end(): Promise<void>;
}

function columnsOf(row: Row): (keyof Row)[] {
  return Object.keys(row).filter((name): name is keyof Row => name in row);
}

function sqliteInserter(url: string): Inserter {
  const db = new Sqlite(sqlitePath(url));
  db.pragma('synchronous = OFF');
  const indexes = db
    .prepare<[], { name: string; sql: string }>(
      `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'User' AND sql IS NOT NULL`,
    )
    .all();
  for (const { name } of indexes) db.exec(`DROP INDEX "${name}"`);
  return {
    add: async (rows) => {
      const names = columnsOf(rows[0] ?? rowOf(0));
      const quoted = names.map((name) => `"${name}"`).join();
      const statement = db.prepare(`INSERT INTO "User" (${quoted}) VALUES (${names.map(() => '?').join()})`);
      // As Prisma's adapter stores them: times in ISO 8601, booleans as 0 and 1.
      const plain = (value: Row[keyof Row]) =>
        value instanceof Date
          ? value.toISOString().replace('Z', '+00:00')
          : typeof value === 'boolean'
            ? +value
            : value;
      db.transaction(() => {
        for (const row of rows) statement.run(names.map((name) => plain(row[name])));
      })();
    },
    end: async () => {
      for (const { sql } of indexes) db.exec(sql);
      db.close();
    },
  };
}

async function postgresInserter(url: string): Promise<Inserter> {
  const client = new pg.Client(connectionOptions(parsePostgresUrl(url)));
  await client.connect();
  const { rows: indexes } = await client.query<{ name: string; sql: string }>(
    `SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'User' AND indexname <> 'User_pkey'`,
  );
  for (const { name } of indexes) await client.query(`DROP INDEX ${pg.escapeIdentifier(name)}`);
  return {
    add: async (rows) => {
      const names = columnsOf(rows[0] ?? rowOf(0));
      const quoted = names.map((name) => `"${name}"`).join();
      const json = JSON.stringify(rows);
      await client.query(
        `INSERT INTO "User" (${quoted}) SELECT ${quoted} FROM json_populate_recordset(NULL::"User", $1)`,
        [json],
      );
    },
    end: async () => {
      for (const { sql } of indexes) await client.query(sql);
      await client.query('VACUUM ANALYZE "User"');
      await client.end();
    },
  };
}
