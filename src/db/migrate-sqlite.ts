import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import Sqlite from 'better-sqlite3';
import { asDataError } from './data-error.ts';
import { shareDatabase } from './hold.ts';
import type { MigrationTarget } from './migrate.ts';
import { MigrationError, type RecordedMigration } from './migrations.ts';
import { makePrivateFile, readerOptions, sqliteFactory, sqlitePath } from './sqlite.ts';

/** Milliseconds to wait for another process that migrates. */
const LOCK_PATIENCE = 60_000;

/** Milliseconds between two tries at the lock. */
const LOCK_PAUSE = 50;

/** Milliseconds that a migration's statement waits for a process that still serves; nobody waits for this thread yet. */
const BUSY_TIMEOUT = 5_000;

/** How {@link migrate} reaches a SQLite database. */
export function sqliteMigrations(url: string): MigrationTarget {
  const path = sqlitePath(url);
  const factory = sqliteFactory(url, BUSY_TIMEOUT);
  return {
    factory: { ...factory, connect: async () => engineAdapter(await factory.connect()) },
    recorded: async () => readRecorded(path),
    locked: async (work) => {
      const release = shareDatabase(path);
      try {
        return await withLockFile(`${path}.migrate-lock`, work);
      } finally {
        release();
      }
    },
  };
}

/** The history of a database's file; empty where there is no such table, or no file. */
export function readRecorded(path: string): readonly RecordedMigration[] {
  if (!existsSync(path)) return [];
  try {
    return readRows(path);
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError) || error.code !== 'SQLITE_CANTOPEN')
      throw asDataError(error, path);
    // SQLite says neither which file it is nor that even a reader writes beside it.
    throw new Sqlite.SqliteError(`${error.message} ${path}, or cannot write to its folder`, error.code);
  }
}

function readRows(path: string): readonly RecordedMigration[] {
  const database = new Sqlite(path, readerOptions(path));
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
 * A lock that ends with the process, whatever ends it: SQLite's own on a file beside the database. The database itself
 * cannot be the lock, for the engine works on it with a connection of its own.
 */
async function withLockFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  makePrivateFile(path);
  const lock = new Sqlite(path, { timeout: 0 });
  try {
    await beginExclusive(lock, path);
    return await work();
  } finally {
    // The file stays. Removing it would let one process lock the removed file and another a new one of that name.
    lock.close();
  }
}

async function beginExclusive(lock: Sqlite.Database, path: string): Promise<void> {
  const deadline = performance.now() + LOCK_PATIENCE;
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return;
    } catch (error) {
      if (!(error instanceof Sqlite.SqliteError) || !error.code.startsWith('SQLITE_BUSY')) throw error;
    }
    if (performance.now() > deadline) {
      throw new MigrationError(
        `another process has held ${path} for ${LOCK_PATIENCE / 1000} s: wait until it has migrated the database, or stop it, and start again`,
      );
    }
    await wait(LOCK_PAUSE);
  }
}

/**
 * Runs a migration's statements all or not at all, in the order that SQLite recommends for altering tables
 * (https://www.sqlite.org/lang_altertable.html#otheralter): inside a transaction, the `PRAGMA foreign_keys` lines that
 * Prisma writes have no effect.
 */
function engineAdapter(adapter: SqlDriverAdapter): SqlDriverAdapter {
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => adapter.queryRaw(query),
    // The engine's own lock would fail where a process still serves from this database; ours is the lock file.
    executeRaw: async (query) => (query.sql.includes('locking_mode') ? 0 : adapter.executeRaw(query)),
    startTransaction: (isolationLevel) => adapter.startTransaction(isolationLevel),
    dispose: () => adapter.dispose(),
    executeScript: async (script) => {
      await adapter.executeScript('PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE');
      try {
        await adapter.executeScript(`${script}\n;COMMIT`);
      } catch (error) {
        await adapter.executeScript('ROLLBACK').catch(() => {});
        throw error;
      } finally {
        await adapter.executeScript('PRAGMA foreign_keys = ON');
      }
    },
  };
}
