import pg from 'pg';
import { ConfigError } from '../../config/index.ts';
import { databaseKind } from '../client.ts';
import {
  connectionOptions,
  type PostgresTarget,
  parsePostgresUrl,
  promisedPid,
  readPid,
  sessionSettings,
} from './adapter.ts';

/** Tries to see that two connections are one: others may have taken it in between. */
const ROUNDS = 5;

/** Milliseconds that a pooler which has no connection left may let us wait. */
const PATIENCE_MS = 2_000;

/** What is wrong with a URL that does not tell of a pooler. */
export const UNDECLARED_POOLER =
  'DATABASE_URL leads to a pooler that gives each transaction another connection: add pgbouncer=true to it';

/**
 * Holds a URL to what is there. Behind a pooler that pools transactions, settings and prepared statements would be made on connections
 * that others use, and be missing on the next.
 *
 * @throws {ConfigError} when there is one, and the URL does not say so
 * @throws when the database is away
 */
export async function requireDeclaredPooler(url: string): Promise<void> {
  if (await hasUndeclaredPooler(url)) throw new ConfigError(`${UNDECLARED_POOLER} (docs/pgbouncer.md)`);
}

/** Whether transactions are pooled, and the URL does not say so. One that pools sessions needs no word. @throws when the database is away */
export async function hasUndeclaredPooler(url: string): Promise<boolean> {
  if (databaseKind(url) === 'sqlite') return false;
  const target = parsePostgresUrl(url);
  if (target.pooled) return false;
  return withClient(target, async (first) => {
    const own = await readPid(first);
    return own !== promisedPid(first) && withClient(target, (second) => isShared(first, second, own));
  });
}

/** Whether a transaction of the second connection is given what the first one has, or the first gets something else meanwhile. */
async function isShared(first: pg.Client, second: pg.Client, own: number | undefined): Promise<boolean> {
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await second.query('BEGIN');
      const others = await readPid(second);
      if (others === own || (await readPid(first)) !== own) return true;
      await second.query('ROLLBACK');
    }
    return false;
  } catch (error) {
    // All that a pooler of sessions has are taken.
    if (error instanceof Error && error.message === 'Query read timeout') return false;
    throw error;
  }
}

async function withClient<T>(target: PostgresTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...connectionOptions(target), query_timeout: PATIENCE_MS });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * What is to be done about the settings of the connections of a pooler, that we cannot make there (docs/pgbouncer.md).
 *
 * @returns a sentence for each; none where the URL tells of no pooler, or all is as it should be
 * @throws when the database is away
 */
export async function poolerAdvice(url: string): Promise<readonly string[]> {
  if (databaseKind(url) === 'sqlite') return [];
  const target = parsePostgresUrl(url);
  if (!target.pooled) return [];
  const settings = await withClient(target, readSettings);
  return Object.entries(sessionSettings)
    .filter(([name, value]) => settings[name] !== value)
    .map(([name, value]) => `PgBouncer's connections need ${name} = ${value}: see docs/pgbouncer.md`);
}

/** In one statement, and so of one connection. */
async function readSettings(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [Object.keys(sessionSettings)],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
