import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** Whoever can be told to do something at the end: a tap test, for instance. */
export interface Scope {
  teardown(work: () => Promise<void>): unknown;
}

export interface TestDatabase {
  readonly url: string;
  readonly kind: 'sqlite' | 'postgresql';
}

/**
 * A database of one's own, empty and without tables; gone at the end.
 * On Postgres where `TEST_POSTGRES_URL` names a server (as superuser, database `postgres`), otherwise on SQLite.
 */
export function createDatabase(t: Scope): Promise<TestDatabase> {
  const server = process.env.TEST_POSTGRES_URL;
  return server ? createPostgresDatabase(t, server) : createSqliteDatabase(t);
}

/** A file in a new folder. */
export async function createSqliteDatabase(t: Scope): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return { url: `file:${join(folder, 'test.db')}`, kind: 'sqlite' };
}

/**
 * A database on a running server.
 *
 * @param server URL of the superuser on any database of that server
 */
export async function createPostgresDatabase(t: Scope, server: string): Promise<TestDatabase> {
  const name = `latchkey_${randomBytes(8).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name}`);
  // Whatever a test left connected is cut off.
  t.teardown(() => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, kind: 'postgresql' };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
