/** A fresh, empty database for a test: a SQLite file, or a database of the Postgres at TEST_POSTGRES_URL. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  readonly kind: 'sqlite' | 'postgresql';
}

/** Creates a database that goes when the test ends. It has no tables yet. */
export async function createDatabase(t: { teardown(fn: () => Promise<void> | void): void }): Promise<TestDatabase> {
  const server = process.env.TEST_POSTGRES_URL;
  if (server === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-sqlite-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    return { url: `file:${join(folder, 'test.db')}`, kind: 'sqlite' };
  }
  const name = `test_${randomBytes(8).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name}`);
  t.teardown(() => query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, kind: 'postgresql' };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
