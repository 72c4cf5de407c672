import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory, SqlQuery } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { isDirect } from './direct.ts';
import { POOL_IS_FULL } from './errors.ts';

/** Connections per process unless the URL says `connection_limit`. Postgres allows 100 in all by default. */
const CONNECTIONS = 10;

/** Of them, those that are not in the pool: the control connection (client.ts). It is there beside a pool of one, too. */
const CONTROL_CONNECTIONS = 1;

/** Queries and transactions that may wait for each connection of a pool: a fifth of a second, where each takes some milliseconds. */
const MAX_WAITING_PER_CONNECTION = 50;

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

/** Statements that a connection keeps prepared: twice as many as the service has. */
const KEPT = 100;

/**
 * What a connection is set to, in Postgres' own units. Behind PgBouncer, whoever runs it has to (docs/pgbouncer.md).
 *
 * Pages are read in the order of an index. A bitmap has no order: where Postgres expects few rows, as of a prefix that is
 * rarer than its statistics are fine, it would collect all that there are, and sort them for the first 20.
 */
export const sessionSettings: Readonly<Record<string, string>> = {
  statement_timeout: String(STATEMENT_TIMEOUT),
  idle_in_transaction_session_timeout: String(STATEMENT_TIMEOUT),
  enable_bitmapscan: 'off',
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

/** Refuses who comes when too many wait already: they would all be answered late, and the process would hold ever more of them. */
class BoundedPool extends pg.Pool {
  readonly #maxWaiting: number;

  constructor(options: pg.PoolConfig & { readonly max: number }) {
    super(options);
    this.#maxWaiting = options.max * MAX_WAITING_PER_CONNECTION;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const isFull = this.waitingCount >= this.#maxWaiting;
    const error = new Error(POOL_IS_FULL);
    if (callback === undefined) return isFull ? Promise.reject(error) : super.connect();
    if (isFull) callback(error, undefined, () => {});
    else super.connect(callback);
    return undefined;
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;

/**
 * A pool of connections.
 *
 * @param onError hears of connections that break while nobody uses them; without a listener, that ends the process
 * @param readOnly whether the server refuses to change anything for them; not behind PgBouncer, where others use them too
 */
export function openPool(target: PostgresTarget, onError: (error: Error) => void, readOnly = false): pg.Pool {
  const pool = new BoundedPool({
    ...connectionOptions(target),
    max: target.connections,
    query_timeout: QUERY_TIMEOUT,
    onConnect: (client) => {
      // The pool takes its listener away before a borrower adds one. A connection that is cut in between would emit an
      // `error` that nobody hears, which ends the process; its borrower learns of it from the next query.
      client.on('error', () => {});
      if (target.pooled) return;
      const settings = { ...sessionSettings, ...(readOnly && { default_transaction_read_only: 'on' }) };
      const statements = Object.entries(settings).map(([name, value]) => `SET ${name} = ${value}`);
      return client.query([...statements, searchPath(target)].join(';'));
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

/** The statement that makes unqualified names mean those in the schema of the URL; empty where it names none. */
export function searchPath({ schema }: PostgresTarget): string {
  return schema === undefined ? '' : `SET search_path = ${pg.escapeIdentifier(schema)}`;
}

/** Driver adapters over a pool. */
export function postgresFactory(
  pool: pg.Pool,
  { schema, pooled }: PostgresTarget,
  onError: (error: Error) => void,
): SqlDriverAdapterFactory {
  return new PrismaPg(pool, {
    ...(schema !== undefined && { schema }),
    // Of PgBouncer, the next statement may have another connection.
    ...(!pooled && { statementNameGenerator: statementNames() }),
    onConnectionError: onError,
  });
}

/**
 * Names statements that are asked all the time, so that each connection prepares and plans them once: they find rows by their keys,
 * for which one plan is always right. What goes through Prisma's client has no name, for lists are planned for their very values.
 */
function statementNames(): (query: SqlQuery) => string {
  const names = new Map<string, string>();
  return (query) => {
    if (!isDirect(query)) return '';
    const known = names.get(query.sql);
    if (known !== undefined || names.size >= KEPT) return known ?? '';
    const name = `latchkey_${names.size}`;
    names.set(query.sql, name);
    return name;
  };
}
