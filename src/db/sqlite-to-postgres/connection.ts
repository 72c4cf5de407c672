import pg from 'pg';
import { DataError } from '../data-error.ts';
import { connectionOptions, type PostgresTarget, parsePostgresUrl, searchPath } from '../postgres/adapter.ts';
import { withTlsAdvice } from '../postgres/tls.ts';

/** Time to wait for a move that was just killed: its last statement may still run. */
const LOCK_TIMEOUT_MS = 10_000;

/** Number of the advisory lock. No other program uses it on the same database. */
const LOCK_NUMBER = 7_205_760;

/**
 * Connects for a move and takes its lock: no other move can connect to this database until it ends.
 *
 * @throws {DataError} when the database cannot be reached or is PgBouncer, or another move into it is under
 *   way
 */
export async function connectForMove(url: string): Promise<pg.Client> {
  const target = parsePostgresUrl(url);
  // The lock and the settings would stay with connections that other clients get.
  if (target.pooled)
    throw new DataError('the target is PgBouncer: name Postgres itself in TARGET_DATABASE_URL');
  const client = new pg.Client(connectionOptions(target));
  // Without a listener, a broken connection ends the process. The next query reports the error anyway.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw new DataError(
      `cannot connect to the target (${withTlsAdvice(reasonOf(error), 'TARGET_DATABASE_URL')})`,
      { cause: error },
    );
  });
  try {
    await prepareConnection(client, target);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function prepareConnection(client: pg.Client, target: PostgresTarget): Promise<void> {
  if (target.schema !== undefined) await client.query(searchPath(target));
  // A batch that a power cut takes back is copied again: its progress is in the same transaction. The last
  // commit waits for the disk.
  await client.query(
    `SET synchronous_commit = off; SET statement_timeout = 0; SET lock_timeout = ${LOCK_TIMEOUT_MS}`,
  );
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_NUMBER]);
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.code === '55P03'
      ? new DataError('another move into the target is under way: wait until it has ended', { cause: error })
      : error;
  }
}

/**
 * Returns the message of an error. A host name with several addresses fails once per address, in an error
 * whose own message is empty.
 */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
