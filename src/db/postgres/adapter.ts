import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { BoundedPool } from './bounded-pool.ts';
import { statementNames } from './statement-names.ts';

/** Connections per process unless the URL says `connection_limit`. Postgres allows 100 in all by default. */
const CONNECTIONS = 10;

/**
 * Of them, those that are not in the pool: the control connection (open.ts). It is there beside a pool of
 * one, too.
 */
const CONTROL_CONNECTIONS = 1;

/** Milliseconds to wait for a free connection, or for a new one to be made. */
const CONNECTION_TIMEOUT = 5_000;

/**
 * Milliseconds after which the server ends a statement, or a transaction in which nothing happens. Prisma's own time
 * limit needs a process that is alive and a connection that is free; this one holds without.
 */
const STATEMENT_TIMEOUT = 5_000;

/**
 * Milliseconds that this side waits for the answer to a statement: a second more than the server takes to end it, for a
 * network that swallows what is sent answers never.
 */
const QUERY_TIMEOUT = STATEMENT_TIMEOUT + 1_000;

/**
 * The settings of a connection, in Postgres' own units. Behind PgBouncer, its operator has to make them
 * (docs/pgbouncer.md).
 */
export const sessionSettings: Readonly<Record<string, string>> = {
  statement_timeout: String(STATEMENT_TIMEOUT),
  idle_in_transaction_session_timeout: String(STATEMENT_TIMEOUT),
};

/** Where a `postgresql://` URL leads. */
export interface PostgresTarget {
  /** What the `schema` parameter says, as Prisma reads it; undefined stands for the server's search path. */
  readonly schema: string | undefined;
  /** Connections of the pool. */
  readonly connections: number;
  /**
   * Whether PgBouncer is in between, in transaction mode (`pgbouncer=true`, as with Prisma): each transaction then has a
   * connection that others use too, and what is set on it would be set for them.
   */
  readonly pooled: boolean;
  readonly connectionString: string;
}

/**
 * Takes the parameters out of a URL that are Prisma's and not libpq's (`schema`, `connection_limit`, `pgbouncer`).
 *
 * @throws {Error} when it is no URL; the message does not repeat it, for it may hold a password
 */
export function parsePostgresUrl(url: string): PostgresTarget {
  if (!URL.canParse(url)) {
    throw new Error(
      'DATABASE_URL is not a URL; special characters in a password are written as %40 for @, %2F for /',
    );
  }
  const parsed = new URL(url);
  const schema = parsed.searchParams.get('schema') ?? undefined;
  const limit = Number(parsed.searchParams.get('connection_limit') ?? CONNECTIONS);
  const pooled = parsed.searchParams.get('pgbouncer') === 'true';
  for (const name of ['schema', 'connection_limit', 'pgbouncer']) parsed.searchParams.delete(name);
  return {
    pooled,
    schema,
    connections: Math.max(
      1,
      (Number.isInteger(limit) && limit > 0 ? limit : CONNECTIONS) - CONTROL_CONNECTIONS,
    ),
    connectionString: parsed.href,
  };
}

/** Options of one connection, for whoever needs one outside the pool. */
export function connectionOptions({ connectionString }: PostgresTarget): pg.ClientConfig {
  return { connectionString, connectionTimeoutMillis: CONNECTION_TIMEOUT, keepAlive: true };
}

/**
 * A pool of connections.
 *
 * @param onError hears of connections that break while nobody uses them; without a listener, that ends the process
 * @param readOnly whether the server refuses to change anything for them; not behind PgBouncer, where others use them too
 */
export function openPool(
  target: PostgresTarget,
  onError: (error: Error) => void,
  readOnly = false,
): BoundedPool {
  const pool = new BoundedPool({
    ...connectionOptions(target),
    max: target.connections,
    query_timeout: QUERY_TIMEOUT,
    onConnect: async (client) => {
      // The pool takes its listener away before a borrower adds one. A connection that is cut in between would emit an
      // `error` that nobody hears, which ends the process; its borrower learns of it from the next query.
      client.on('error', () => {});
      if (target.pooled) return;
      const settings = { ...sessionSettings, ...(readOnly && { default_transaction_read_only: 'on' }) };
      const statements = Object.entries(settings).map(([name, value]) => `SET ${name} = ${value}`);
      await client.query([...statements, searchPath(target)].join(';'));
      pool.isBehindPooler ||= (await readPid(client)) !== promisedPid(client);
    },
  });
  pool.on('error', onError);
  // Whoever gave up waiting for an answer could not end the transaction. The answer may still come, and the next borrower's
  // COMMIT would then save what was reported as failed.
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') client.end().catch(onError);
  });
  return pool;
}

/** The number of the process of Postgres that answers. */
export async function readPid(client: pg.ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}

/** The number that was said when the connection was made. A pooler answers in Postgres' place, with one of its own. */
export function promisedPid(client: pg.ClientBase): unknown {
  return Reflect.get(client, 'processID');
}

/** The statement that makes unqualified names mean those in the schema of the URL; empty where it names none. */
export function searchPath({ schema }: PostgresTarget): string {
  return schema === undefined ? '' : `SET search_path = ${pg.escapeIdentifier(schema)}`;
}

/** Driver adapters over a pool. */
export function postgresFactory(
  pool: BoundedPool,
  { schema, pooled }: PostgresTarget,
  onError: (error: Error) => void,
): SqlDriverAdapterFactory {
  return new PrismaPg(pool, {
    ...(schema !== undefined && { schema }),
    // Of a pooler, the next statement may have another connection.
    ...(!pooled && { statementNameGenerator: statementNames(pool) }),
    onConnectionError: onError,
  });
}
