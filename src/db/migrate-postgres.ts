import { PrismaPg } from '@prisma/adapter-pg';
import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import type { MigrationTarget } from './migrate.ts';
import { MigrationError, type RecordedMigration } from './migrations.ts';
import { UNFINISHED_MOVE } from './move/state.ts';
import { connectionOptions, type PostgresTarget, parsePostgresUrl, searchPath } from './postgres.ts';

/** Milliseconds to wait for another process that migrates. */
const LOCK_PATIENCE = 60_000;

/** Any number that no other program uses on the same database; Prisma's own is 72707369. */
const LOCK_NUMBER = 7_205_759;

/** How {@link migrate} reaches a Postgres database. */
export function postgresMigrations(url: string): MigrationTarget {
  const target = parsePostgresUrl(url);
  return {
    factory: engineFactory(target),
    recorded: () => withClient(target, readRecorded),
    locked: (work) =>
      withClient(target, async (client) => {
        await acquireLock(client);
        if (target.schema !== undefined) {
          await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(target.schema)}`);
        }
        return work();
      }),
  };
}

async function readRecorded(client: pg.Client): Promise<readonly RecordedMigration[]> {
  const found = await client.query<{ table: string | null; move: string | null }>(
    `SELECT to_regclass('_prisma_migrations')::text AS table, to_regclass('${UNFINISHED_MOVE}')::text AS move`,
  );
  if (found.rows[0]?.move != null) {
    throw new MigrationError(
      'a SQLite database is being moved into this one, and not all of it is here: run latchkey migrate-to to its end',
    );
  }
  if (found.rows[0]?.table == null) return [];
  const { rows } = await client.query<RecordedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  return rows;
}

/** The lock belongs to the connection, and so ends with the process. */
async function acquireLock(client: pg.Client): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${LOCK_PATIENCE}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_NUMBER]);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error;
    throw new MigrationError(
      `another process has held the migration lock for ${LOCK_PATIENCE / 1000} s: wait until it has migrated the database, or stop it, and start again`,
      { cause: error },
    );
  }
}

async function withClient<T>(target: PostgresTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionOptions(target));
  // Without a listener, a connection that breaks ends the process; the next query reports it anyway.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw new MigrationError(`cannot connect to Postgres (${reason(error)}): check DATABASE_URL`, {
      cause: error,
    });
  });
  try {
    if (target.schema !== undefined) await client.query(searchPath(target));
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A name with several addresses fails once for each, in an error whose own message is empty. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** One connection, without the time limits that requests have: a migration may rewrite a large table. */
function engineFactory(target: PostgresTarget): SqlMigrationAwareDriverAdapterFactory {
  const config: pg.PoolConfig = {
    ...connectionOptions(target),
    max: 1,
    onConnect: (client) => client.query(searchPath(target)),
  };
  const factory = new PrismaPg(config, { ...(target.schema !== undefined && { schema: target.schema }) });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    connect: async () => {
      const adapter = await factory.connect();
      return atomicScripts(adapter, adapter.underlyingDriver());
    },
  };
}

/**
 * Runs a migration's statements all or not at all, as the server does with what comes in one message. The adapter's own
 * way is to split at every semicolon, those in strings and functions included.
 */
function atomicScripts(adapter: SqlDriverAdapter, pool: pg.Pool): SqlDriverAdapter {
  const connectionInfo = adapter.getConnectionInfo?.();
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => adapter.queryRaw(query),
    executeRaw: (query) => adapter.executeRaw(query),
    executeScript: async (script) => void (await pool.query(script).catch(rethrow)),
    startTransaction: (isolationLevel) => adapter.startTransaction(isolationLevel),
    dispose: () => adapter.dispose(),
    ...(connectionInfo && { getConnectionInfo: () => connectionInfo }),
  };
}

/** In the form in which the engine can repeat what the server said. */
function rethrow(error: unknown): never {
  if (!(error instanceof pg.DatabaseError)) throw error;
  const { code = '', severity = '', message, detail, column, hint } = error;
  throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}
