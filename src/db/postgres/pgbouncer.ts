import pg from 'pg';
import { ConfigError } from '../../config/index.ts';
import { databaseKind } from '../client.ts';
import {
  announcedPid,
  connectionOptions,
  type PostgresTarget,
  parsePostgresUrl,
  readPid,
  sessionSettings,
} from './adapter.ts';

/** Attempts to detect that two connections are one: other clients may take the connection in between. */
const MAX_ROUNDS = 5;

/** Time to wait for a pooler that has no free connection. */
const POOLER_TIMEOUT_MS = 2_000;

/** Message for a URL that does not declare its pooler. */
export const UNDECLARED_POOLER =
  'DATABASE_URL leads to a pooler that gives each transaction another connection: add pgbouncer=true to it';

/**
 * Checks that a URL declares a pooler when there is one. When a pooler shares connections between
 * transactions, settings and prepared statements would be made on connections that other clients use, and be
 * missing on the next one.
 *
 * @throws {ConfigError} when there is a pooler and the URL does not declare it
 * @throws when the database is unreachable
 */
export async function requireDeclaredPooler(url: string): Promise<void> {
  if (await hasUndeclaredPooler(url))
    throw new ConfigError(`${UNDECLARED_POOLER} (docs/operations/pgbouncer.md)`);
}

/**
 * Tells whether a pooler in transaction mode is not declared in the URL. One that pools sessions needs no
 * declaration.
 *
 * @throws when the database is unreachable
 */
export async function hasUndeclaredPooler(url: string): Promise<boolean> {
  if (databaseKind(url) === 'sqlite') return false;
  const target = parsePostgresUrl(url);
  if (target.pooled) return false;
  return withClient(target, async (first) => {
    const own = await readPid(first);
    return own !== announcedPid(first) && withClient(target, (second) => isShared(first, second, own));
  });
}

/**
 * Tells whether a transaction of the second connection runs in the first one's Postgres process, or the first
 * connection moves to another process meanwhile.
 */
async function isShared(first: pg.Client, second: pg.Client, own: number | undefined): Promise<boolean> {
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await second.query('BEGIN');
      const secondPid = await readPid(second);
      if (secondPid === own || (await readPid(first)) !== own) return true;
      await second.query('ROLLBACK');
    }
    return false;
  } catch (error) {
    // All connections of a pooler of sessions are in use.
    if (error instanceof Error && error.message === 'Query read timeout') return false;
    throw error;
  }
}

async function withClient<T>(target: PostgresTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...connectionOptions(target), query_timeout: POOLER_TIMEOUT_MS });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Lists the settings that a pooler's connections lack; only its operator can make them:
 * docs/operations/pgbouncer.md.
 *
 * @returns a sentence for each; none when the URL declares no pooler, or when the settings are right
 * @throws when the database is unreachable
 */
export async function poolerAdvice(url: string): Promise<readonly string[]> {
  if (databaseKind(url) === 'sqlite') return [];
  const target = parsePostgresUrl(url);
  if (!target.pooled) return [];
  const settings = await withClient(target, readSettings);
  return Object.entries(sessionSettings)
    .filter(([name, value]) => settings[name] !== value)
    .map(
      ([name, value]) => `PgBouncer's connections need ${name} = ${value}: see docs/operations/pgbouncer.md`,
    );
}

/** Reads all settings in one statement, and so on one connection. */
async function readSettings(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [Object.keys(sessionSettings)],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
