import { setTimeout as wait } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { connectionOptions, type PostgresTarget, parsePostgresUrl, searchPath } from '../postgres/adapter.ts';
import { withTlsAdvice } from '../postgres/tls.ts';
import { UNFINISHED_MOVE } from '../sqlite-to-postgres/state.ts';
import { MigrationError, type MigrationTarget, type RecordedMigration } from './read-migrations.ts';

/** Time to wait for another process that migrates. */
const LOCK_TIMEOUT_MS = 60_000;

/** Number of the advisory lock, which Prisma's own tools and the schema engine use too. */
const LOCK_NUMBER = 72_707_369;

/**
 * Statement by which the engine locks for its connection. Behind PgBouncer, that connection would stay locked
 * for the next client.
 */
const ENGINE_LOCK = /\bpg_advisory_lock\b/;

/**
 * Timeout and retries for a table lock. Requests queue up behind a migration that waits for a table in use,
 * so the migration gives way and tries again.
 */
const TABLE_LOCK_TIMEOUT_MS = 1_000;
const MAX_TABLE_LOCK_ATTEMPTS = 60;
const TABLE_LOCK_BACKOFF_MS = 200;

/** SQLSTATE of a lock timeout. */
const LOCK_NOT_AVAILABLE = '55P03';

/** Access of {@link migrate} to a Postgres database. */
export function postgresMigrations(url: string): MigrationTarget {
  const target = parsePostgresUrl(url);
  return {
    factory: engineFactory(target),
    recorded: () => withClient(target, readRecorded),
    locked: (work) =>
      withClient(target, async (client) => {
        await acquireLock(client);
        try {
          // On a separate connection: what the lock's transaction creates is visible only after its end.
          await withClient(target, (other) => createSchema(other, target));
          return await work();
        } finally {
          await client.query('ROLLBACK').catch(() => {});
        }
      }),
  };
}

async function createSchema(client: pg.Client, { schema }: PostgresTarget): Promise<void> {
  if (schema !== undefined) await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)}`);
}

async function readRecorded(client: pg.Client): Promise<readonly RecordedMigration[]> {
  const found = await client.query<{ table: string | null; move: string | null }>(
    `SELECT to_regclass('_prisma_migrations')::text AS table, to_regclass('${UNFINISHED_MOVE}')::text AS move`,
  );
  if (found.rows[0]?.move != null) {
    throw new MigrationError(
      'a SQLite database is being moved into this one, and the move is not complete: run latchkey migrate-to again',
    );
  }
  if (found.rows[0]?.table == null) return [];
  const { rows } = await client.query<RecordedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  return rows;
}

/** Takes the lock for a transaction: PgBouncer reserves a connection for it, and it ends with the process. */
async function acquireLock(client: pg.Client): Promise<void> {
  try {
    await client.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED;
       SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
       SET LOCAL statement_timeout = 0;
       SET LOCAL idle_in_transaction_session_timeout = 0`,
    );
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_NUMBER]);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw new MigrationError(
      `another process has held the migration lock for ${LOCK_TIMEOUT_MS / 1000} s: wait until it has migrated the database, or stop it, and start again`,
      { cause: error },
    );
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE;
}

async function withClient<T>(target: PostgresTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionOptions(target));
  // Without a listener, a broken connection ends the process. The next query reports the error anyway.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw new MigrationError(`cannot connect to Postgres (${reason(error)}): check DATABASE_URL`, {
      cause: error,
    });
  });
  try {
    if (target.schema !== undefined) await chooseSchema(client, target, target.schema);
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Sets the schema. Behind PgBouncer the search path cannot be set, so it is only checked: with another one, a
 * second set of tables would be created.
 */
async function chooseSchema(client: pg.Client, target: PostgresTarget, schema: string): Promise<void> {
  if (!target.pooled) {
    await client.query(searchPath(target));
    return;
  }
  const { rows } = await client.query<{ path: string }>(`SELECT current_setting('search_path') AS path`);
  const path = rows[0]?.path ?? '';
  if (path.split(',')[0]?.trim().replaceAll('"', '') === schema) return;
  throw new MigrationError(
    `DATABASE_URL names the schema ${schema}, and PgBouncer's connections have the search path ${path}: run ALTER ROLE ... SET search_path = ${pg.escapeIdentifier(schema)} for the role of DATABASE_URL, and RECONNECT in PgBouncer`,
  );
}

/**
 * Returns the message of an error. A host name with several addresses fails once per address, in an error
 * whose own message is empty.
 */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join(', ');
  return withTlsAdvice(error instanceof Error ? error.message : String(error));
}

/** One connection without the timeouts of requests: a migration may rewrite a large table. */
function engineFactory(target: PostgresTarget): SqlMigrationAwareDriverAdapterFactory {
  const config: pg.PoolConfig = {
    ...connectionOptions(target),
    max: 1,
    onConnect: (client) => (target.pooled ? undefined : client.query(searchPath(target))),
  };
  const factory = new PrismaPg(config, { ...(target.schema !== undefined && { schema: target.schema }) });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    connect: async () => {
      const adapter = await factory.connect();
      return engineAdapter(adapter, adapter.underlyingDriver());
    },
  };
}

/**
 * Runs a migration's statements all or nothing: the server does so with the statements of one message. The
 * adapter itself would split the text at every semicolon, also in strings and functions.
 */
function engineAdapter(adapter: SqlDriverAdapter, pool: pg.Pool): SqlDriverAdapter {
  const connectionInfo = adapter.getConnectionInfo?.();
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => adapter.queryRaw(query),
    // The caller holds the same lock on another connection: the engine would wait for it forever.
    executeRaw: async (query) => (ENGINE_LOCK.test(query.sql) ? 0 : adapter.executeRaw(query)),
    executeScript: (script) => runScript(pool, script).catch(rethrow),
    startTransaction: (isolationLevel) => adapter.startTransaction(isolationLevel),
    dispose: () => adapter.dispose(),
    ...(connectionInfo && { getConnectionInfo: () => connectionInfo }),
  };
}

async function runScript(pool: pg.Pool, script: string): Promise<void> {
  const settings = `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${TABLE_LOCK_TIMEOUT_MS};`;
  for (let attempt = 1; ; attempt++) {
    try {
      await pool.query(`${settings}\n${script}`);
      return;
    } catch (error) {
      if (attempt === MAX_TABLE_LOCK_ATTEMPTS || !isLockTimeout(error)) throw error;
    }
    await wait(TABLE_LOCK_BACKOFF_MS);
  }
}

/** Converts an error into the form in which the engine can repeat the server's message. */
function rethrow(error: unknown): never {
  if (!(error instanceof pg.DatabaseError)) throw error;
  const { code = '', severity = '', message, detail, column, hint } = error;
  throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}
