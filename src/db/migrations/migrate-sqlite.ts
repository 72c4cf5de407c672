import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { wrapAdapter } from '../adapters/wrap.ts';
import { asDataError } from '../data-error.ts';
import { lockShared } from '../files/database-lock.ts';
import { sqliteFactory } from '../sqlite/adapter.ts';
import { makePrivateFile, openReader, sqlitePath } from '../sqlite/database-file.ts';
import {
  isBusyError,
  isSqliteError,
  openSqlite,
  type SqliteDatabase,
  sqliteError,
  withFile,
} from '../sqlite/driver.ts';
import { MigrationError, type MigrationTarget, type RecordedMigration } from './read-migrations.ts';

/** Time to wait for another process that migrates. */
const LOCK_TIMEOUT_MS = 60_000;

/** Pause between two attempts to take the lock. */
const LOCK_RETRY_MS = 50;

/** Access of {@link migrate} to a SQLite database. */
export function sqliteMigrations(url: string): MigrationTarget {
  const path = sqlitePath(url);
  const factory = sqliteFactory(url);
  return {
    factory: { ...factory, connect: async () => forEngine(await factory.connect()) },
    recorded: async () => readRecorded(path),
    locked: async (work) => {
      const release = lockShared(path);
      try {
        return await withLockFile(`${path}.migrate-lock`, work);
      } finally {
        release();
      }
    },
  };
}

/** Reads the migration history of a database file; empty when the table or the file does not exist. */
export function readRecorded(path: string): readonly RecordedMigration[] {
  if (!existsSync(path)) return [];
  try {
    return readRows(path);
  } catch (error) {
    if (!isSqliteError(error) || error.code !== 'SQLITE_CANTOPEN') throw asDataError(error, path);
    // SQLite's message does not say that even a reader writes files beside it.
    throw sqliteError(`${error.message}, or cannot write to its folder`, error.code);
  }
}

function readRows(path: string): readonly RecordedMigration[] {
  const database = openReader(path);
  try {
    const table = database.prepare(
      "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_prisma_migrations'",
    );
    if (table.get() === undefined) return [];
    const rows = database.prepare<[], { name: string; checksum: string; finished: number }>(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
    );
    return rows.all().map(({ name, checksum, finished }) => ({ name, checksum, finished: finished === 1 }));
  } finally {
    database.close();
  }
}

/**
 * Runs work under a lock that ends with the process, even when that is killed: SQLite's own, on a file beside
 * the database. The database itself cannot be the lock, because the engine opens it on another connection.
 */
async function withLockFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  makePrivateFile(path);
  const lock = openSqlite(path, { busyTimeoutMs: 0 });
  try {
    await beginExclusive(lock, path);
    return await work();
  } finally {
    // The lock file stays. After a removal, one process could lock the removed file and another a new file of
    // that name.
    lock.close();
  }
}

async function beginExclusive(lock: SqliteDatabase, path: string): Promise<void> {
  const deadline = performance.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return;
    } catch (error) {
      if (!isBusyError(error)) throw withFile(error, path);
    }
    if (performance.now() > deadline) {
      throw new MigrationError(
        `another process has held ${path} for ${LOCK_TIMEOUT_MS / 1000} s: wait until it has migrated the database, or stop it, and start again`,
      );
    }
    await wait(LOCK_RETRY_MS);
  }
}

/**
 * Disables the engine's own lock, which would fail while another process uses this database. The lock file
 * replaces it.
 */
function forEngine(adapter: SqlDriverAdapter): SqlDriverAdapter {
  return wrapAdapter(adapter, {
    executeRaw: async (query) => (query.sql.includes('locking_mode') ? 0 : adapter.executeRaw(query)),
  });
}
