import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { BoundedPool } from './bounded-pool.ts';
import { statementNames } from './statement-names.ts';
import { checkTlsParameters } from './tls.ts';

/** Connections per process unless the URL has `connection_limit`. Postgres allows 100 in total by default. */
const DEFAULT_CONNECTIONS = 10;

/**
 * Connections outside the pool: the control connection (open.ts). It exists beside a pool of one connection,
 * too.
 */
const CONTROL_CONNECTIONS = 1;

/** Time to wait for a free connection, or for a new one. */
const CONNECTION_TIMEOUT_MS = 5_000;

/**
 * Time after which the server ends a statement, or an idle transaction. Prisma's own timeout works only with
 * a live process and a free connection; this one does not depend on them.
 */
const STATEMENT_TIMEOUT_MS = 5_000;

/**
 * Time that the client waits for the answer to a statement: a second longer than the server needs to end it.
 * A network that drops packets never delivers an answer.
 */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1_000;

/**
 * Settings of a connection, in Postgres's units. Behind PgBouncer, the operator has to make them
 * (docs/operations/pgbouncer.md).
 */
export const sessionSettings: Readonly<Record<string, string>> = {
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  idle_in_transaction_session_timeout: String(STATEMENT_TIMEOUT_MS),
};

/** Parsed `postgresql://` URL. */
export interface PostgresTarget {
  /** Value of the `schema` parameter, as in Prisma; undefined for the server's search path. */
  readonly schema: string | undefined;
  /** Size of the pool. */
  readonly connections: number;
  /**
   * True when PgBouncer is in between, in transaction mode (`pgbouncer=true`, as with Prisma). Then
   * transactions of different clients share connections, and settings on a connection would apply to all of
   * them.
   */
  readonly pooled: boolean;
  readonly connectionString: string;
}

/**
 * Parses a URL and removes the parameters that are Prisma's and not libpq's (`schema`, `connection_limit`,
 * `pgbouncer`).
 *
 * @throws {Error} when it is not a URL; the message does not repeat it, because it may contain a password
 * @throws {DataError} when its parameters for TLS cannot work
 */
export function parsePostgresUrl(url: string): PostgresTarget {
  if (!URL.canParse(url)) {
    throw new Error(
      'DATABASE_URL is not a URL; special characters in a password are written as %40 for @, %2F for /',
    );
  }
  const parsed = new URL(url);
  checkTlsParameters(parsed);
  const schema = parsed.searchParams.get('schema') ?? undefined;
  const limit = Number(parsed.searchParams.get('connection_limit') ?? DEFAULT_CONNECTIONS);
  const pooled = parsed.searchParams.get('pgbouncer') === 'true';
  for (const name of ['schema', 'connection_limit', 'pgbouncer']) parsed.searchParams.delete(name);
  return {
    pooled,
    schema,
    connections: Math.max(
      1,
      (Number.isInteger(limit) && limit > 0 ? limit : DEFAULT_CONNECTIONS) - CONTROL_CONNECTIONS,
    ),
    connectionString: parsed.href,
  };
}

/** Options of a single connection, for use outside the pool. */
export function connectionOptions({ connectionString }: PostgresTarget): pg.ClientConfig {
  return { connectionString, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, keepAlive: true };
}

/**
 * Opens a pool of connections.
 *
 * @param onError is called with the errors of idle connections; without a listener, they would end the
 *   process
 * @param readOnly whether the server refuses changes on these connections; not behind PgBouncer, where
 *   connections are shared
 */
export function openPool(
  target: PostgresTarget,
  onError: (error: Error) => void,
  readOnly = false,
): BoundedPool {
  const pool = new BoundedPool({
    ...connectionOptions(target),
    max: target.connections,
    query_timeout: QUERY_TIMEOUT_MS,
    onConnect: async (client) => {
      // The pool removes its listener before a borrower adds one. A connection that breaks in between would
      // emit an `error` without a listener, which ends the process. The borrower learns of it from the next
      // query.
      client.on('error', () => {});
      if (target.pooled) return;
      const settings = { ...sessionSettings, ...(readOnly && { default_transaction_read_only: 'on' }) };
      const statements = Object.entries(settings).map(([name, value]) => `SET ${name} = ${value}`);
      await client.query([...statements, searchPath(target)].join(';'));
      pool.isBehindPooler ||= (await readPid(client)) !== announcedPid(client);
    },
  });
  pool.on('error', onError);
  // A borrower that timed out could not end its transaction. The answer may still arrive, and then the COMMIT
  // of the next borrower would save what was reported as failed.
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') client.end().catch(onError);
  });
  return pool;
}

/** Reads the process id of the Postgres process that answers. */
export async function readPid(client: pg.ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}

/**
 * Returns the process id from the connection's start. A pooler answers in Postgres's place, with an id of its
 * own.
 */
export function announcedPid(client: pg.ClientBase): unknown {
  return Reflect.get(client, 'processID');
}

/** Returns the statement that sets the URL's schema as the search path; empty when the URL has none. */
export function searchPath({ schema }: PostgresTarget): string {
  return schema === undefined ? '' : `SET search_path = ${pg.escapeIdentifier(schema)}`;
}

/** Makes driver adapters for a pool. */
export function postgresFactory(
  pool: BoundedPool,
  { schema, pooled }: PostgresTarget,
  onError: (error: Error) => void,
): SqlDriverAdapterFactory {
  return new PrismaPg(pool, {
    ...(schema !== undefined && { schema }),
    // Behind a pooler, the next statement may use another connection.
    ...(!pooled && { statementNameGenerator: statementNames(pool) }),
    onConnectionError: onError,
  });
}
