/** Databases for the benchmark: SQLite and Postgres, created for one part and removed after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../test/postgres-server.ts';

/** Kind of database, of which several can be created. */
export interface Databases {
  readonly name: 'SQLite' | 'Postgres';
  /** Creates an empty database. @returns its URL */
  create(name: string): Promise<string>;
}

/** Runs the same work on SQLite and then on a real Postgres. */
export async function onEach<T>(work: (databases: Databases) => Promise<T[]>): Promise<T[]> {
  return [...(await onSqlite(work)), ...(await onPostgres(work))];
}

async function onSqlite<T>(work: (databases: Databases) => Promise<T[]>): Promise<T[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  try {
    return await work({ name: 'SQLite', create: async (name) => `file:${join(folder, `${name}.db`)}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres<T>(work: (databases: Databases) => Promise<T[]>): Promise<T[]> {
  const server = await startPostgres();
  const create = async (name: string): Promise<string> => {
    const client = new pg.Client(server.url);
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    } finally {
      await client.end();
    }
    return Object.assign(new URL(server.url), { pathname: name }).href;
  };
  try {
    return await work({ name: 'Postgres', create });
  } finally {
    await server.stop();
  }
}
