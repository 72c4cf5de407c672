import { existsSync, linkSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../data-error.ts';
import { giveToOwnerOf, lockExclusive } from '../files/database-lock.ts';
import { syncFile, syncFolderOf } from '../files/sync.ts';
import { isBusyError, isSqliteError, openSqlite } from '../sqlite/driver.ts';
import { copyDatabase } from './backup.ts';
import { inspectDatabase } from './inspect.ts';

/** Of SQLite, for a file that it cannot make sense of. */
const isUnreadable = /^SQLITE_(NOTADB|CORRUPT)/;

/** Milliseconds to wait for a program that is about to close the database. */
const SETTLE_TIMEOUT_MS = 1_000;

/** The name of the folder in which a restoration is made ready; what a killed one has left is found by it. */
const STAGING_SUFFIX = '.restoring-';

/**
 * Puts a backup in the place of a database, all or not at all: it is made ready beside it, and takes its name as the last step.
 * Meanwhile nobody else works on the database.
 *
 * @param path where the database is, or will be
 * @param file the backup, which stays as it is
 * @param prepare works on the copy that will be the database, under a `file:` URL, before it is
 * @returns what `prepare` returned, and where the database is now that was there before
 * @throws {DataError} when the file is no whole database of this version or an earlier one, or the service runs
 */
export async function restoreDatabase<T>(
  path: string,
  file: string,
  prepare: (url: string) => Promise<T>,
): Promise<{ readonly prepared: T; readonly kept: string | undefined }> {
  await inspectDatabase(file);
  const release = lockExclusive(path);
  try {
    removeWorkshops(path);
    const workshop = mkdtempSync(`${path}${STAGING_SUFFIX}`);
    try {
      const draft = join(workshop, basename(path));
      copyDatabase(file, draft);
      const prepared = await prepare(`file:${draft}`);
      finish(draft);
      giveToOwnerOf(path, draft);
      return { prepared, kept: replace(path, draft) };
    } finally {
      rmSync(workshop, { recursive: true, force: true });
    }
  } finally {
    release();
  }
}

/** No other restoration is under way: whoever calls has the database alone. */
function removeWorkshops(path: string): void {
  const prefix = `${basename(path)}${STAGING_SUFFIX}`;
  for (const name of readdirSync(dirname(path)))
    if (name.startsWith(prefix)) rmSync(join(dirname(path), name), { recursive: true, force: true });
}

/** Everything into the one file, and onto the disk. */
function finish(draft: string): void {
  const database = openSqlite(draft);
  database.pragma('journal_mode = DELETE');
  database.close();
  syncFile(draft);
}

/** @returns the new name of what was there */
function replace(path: string, draft: string): string | undefined {
  if (!existsSync(path)) {
    // The journal of a database that is gone would be taken for the new one's.
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
    renameSync(draft, path);
    syncFolderOf(path);
    return undefined;
  }
  const kept = `${path}.before-restore-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`;
  if (existsSync(kept)) throw new DataError(`${kept} exists: run it again`);
  const release = checkpointAndLock(path, kept);
  try {
    // For a moment the same file has both names: there is no time at which there is no database.
    linkSync(path, kept);
    renameSync(draft, path);
    syncFolderOf(path);
    return kept;
  } finally {
    release();
  }
}

/**
 * Empties a database's journal into it, for what lies beside `path` would be taken for the new one's, and keeps everybody off the
 * file: also those who ask no lock file, such as `sqlite3`.
 *
 * @throws {DataError} when another program has it open
 */
function checkpointAndLock(path: string, kept: string): () => void {
  const database = openSqlite(path, { busyTimeoutMs: SETTLE_TIMEOUT_MS });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    return () => void database.close();
  } catch (error) {
    database.close();
    if (!isSqliteError(error)) throw error;
    if (!isUnreadable.test(error.code)) {
      const reason = isBusyError(error) ? 'another program has it open' : error.message;
      throw new DataError(`${path} cannot be put aside (${reason})`, { cause: error });
    }
    // Damaged, which may be why it is being restored. As it is, with its journal, somebody may still make something of it.
    for (const suffix of ['-wal', '-journal'])
      if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${kept}${suffix}`);
    rmSync(`${path}-shm`, { force: true });
    return () => {};
  }
}
