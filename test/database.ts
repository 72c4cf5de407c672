import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';

/** An object that accepts work for its end: a tap test, for instance. */
export interface Scope {
  teardown(work: () => Promise<void>): unknown;
}

export interface TestDatabase {
  readonly url: string;
  readonly kind: 'sqlite' | 'postgresql';
}

/**
 * Creates an empty database without tables, which is removed at the end. It is on Postgres where
 * `TEST_POSTGRES_URL` names a server (as superuser, database `postgres`), otherwise on SQLite.
 */
export function createDatabase(t: Scope): Promise<TestDatabase> {
  const server = process.env.TEST_POSTGRES_URL;
  return server ? createPostgresDatabase(t, server) : createSqliteDatabase(t);
}

/**
 * Like {@link createDatabase}, with the tables of this version: a copy of the database that the runner has
 * migrated, which costs a tenth of a migration. Tests of the first start use an empty one.
 */
export async function createMigratedDatabase(t: Scope): Promise<TestDatabase> {
  const { TEST_TEMPLATE: template, TEST_POSTGRES_URL: server } = process.env;
  if (template !== undefined && server) return createPostgresDatabase(t, server, template);
  const database = await createDatabase(t);
  if (template === undefined) await migrate(database.url);
  else await copyFile(sqlitePath(template), sqlitePath(database.url));
  return database;
}

/** Returns the path of a file in a new folder. */
export async function createSqliteDatabase(t: Scope): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return { url: `file:${join(folder, 'test.db')}`, kind: 'sqlite' };
}

/**
 * Creates a database on a running server.
 *
 * @param server URL of the superuser on any database of that server
 * @param template URL of the database to copy
 */
export async function createPostgresDatabase(
  t: Scope,
  server: string,
  template?: string,
): Promise<TestDatabase> {
  const name = `latchkey_${randomBytes(8).toString('hex')}`;
  // A file copy takes a third of the time of a copy through the write-ahead log, the default of Postgres.
  const copied =
    template === undefined ? '' : ` TEMPLATE ${new URL(template).pathname.slice(1)} STRATEGY FILE_COPY`;
  await execute(server, `CREATE DATABASE ${name}${copied}`);
  // Connections that a test left open are closed.
  t.teardown(() => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(server);
  url.pathname = name;
  // Databases are created and dropped directly, because PgBouncer keeps connections to them.
  const { TEST_POSTGRES_URL, TEST_PGBOUNCER_PORT } = process.env;
  if (TEST_PGBOUNCER_PORT && server === TEST_POSTGRES_URL) {
    url.port = TEST_PGBOUNCER_PORT;
    url.searchParams.set('pgbouncer', 'true');
  }
  return { url: url.href, kind: 'postgresql' };
}

/** Returns the URL of a database without PgBouncer; the same URL where there is none. */
export function directUrl(url: string): string {
  const changed = new URL(url);
  const { TEST_POSTGRES_URL } = process.env;
  if (TEST_POSTGRES_URL) changed.port = new URL(TEST_POSTGRES_URL).port;
  changed.searchParams.delete('pgbouncer');
  return changed.href;
}

/** Adds a parameter to a database's URL. */
export function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}

/** Runs a statement on Postgres, past Prisma's client. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
