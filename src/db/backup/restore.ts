import { existsSync, linkSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../data-error.ts';
import { giveToOwnerOf, lockExclusive } from '../files/database-lock.ts';
import { syncFile, syncFolderOf } from '../files/sync.ts';
import { isBusyError, isSqliteError, openSqlite } from '../sqlite/driver.ts';
import { copyDatabase } from './backup.ts';
import { inspectDatabase } from './inspect.ts';

/** SQLite's error codes for a file that it cannot read. */
const unreadableCodes = /^SQLITE_(NOTADB|CORRUPT)/;

/** Time that another program gets to close the database. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Suffix of the staging folder in which a restore is prepared. A killed restore leaves its folder behind; the
 * next one finds it by this suffix.
 */
const STAGING_SUFFIX = '.restoring-';

/**
 * Replaces a database by a backup, all or nothing: a copy is prepared beside the database and gets its name
 * in the last step. Until then, no other process works on the database.
 *
 * @param path of the database, which may not exist yet
 * @param file the backup, which is not changed
 * @param prepare works on the copy, under a `file:` URL, before the copy becomes the database
 * @returns what `prepare` returned, and the new path of the previous database
 * @throws {DataError} when the file is not an intact database of this version or an earlier one, or when the
 *   service is running
 */
export async function restoreDatabase<T>(
  path: string,
  file: string,
  prepare: (url: string) => Promise<T>,
): Promise<{ readonly prepared: T; readonly kept: string | undefined }> {
  await inspectDatabase(file);
  const release = lockExclusive(path);
  try {
    removeStagingFolders(path);
    const stagingFolder = mkdtempSync(`${path}${STAGING_SUFFIX}`);
    try {
      const staged = join(stagingFolder, basename(path));
      copyDatabase(file, staged);
      const prepared = await prepare(`file:${staged}`);
      mergeAndSync(staged);
      giveToOwnerOf(path, staged);
      return { prepared, kept: replace(path, staged) };
    } finally {
      rmSync(stagingFolder, { recursive: true, force: true });
    }
  } finally {
    release();
  }
}

/** Removes the staging folders of killed restores. None is in use: the caller holds the exclusive lock. */
function removeStagingFolders(path: string): void {
  const prefix = `${basename(path)}${STAGING_SUFFIX}`;
  for (const name of readdirSync(dirname(path)))
    if (name.startsWith(prefix)) rmSync(join(dirname(path), name), { recursive: true, force: true });
}

/** Moves all data into the one file and syncs it to the disk. */
function mergeAndSync(staged: string): void {
  const database = openSqlite(staged);
  database.pragma('journal_mode = DELETE');
  database.close();
  syncFile(staged);
}

/** @returns the new path of the previous database; undefined when there was none */
function replace(path: string, staged: string): string | undefined {
  if (!existsSync(path)) {
    // SQLite would apply the journal of the old database to the new one.
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
    renameSync(staged, path);
    syncFolderOf(path);
    return undefined;
  }
  const kept = `${path}.before-restore-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`;
  if (existsSync(kept)) throw new DataError(`${kept} exists: run it again`);
  const release = checkpointAndLock(path, kept);
  try {
    // For a moment the old file has both names, so that a database exists at every moment.
    linkSync(path, kept);
    renameSync(staged, path);
    syncFolderOf(path);
    return kept;
  } finally {
    release();
  }
}

/**
 * Writes the journal back into the database, because SQLite would apply a journal beside `path` to the new
 * database. Then locks the file, also against programs that do not use the lock file, such as `sqlite3`.
 *
 * @throws {DataError} when another program has it open
 */
function checkpointAndLock(path: string, kept: string): () => void {
  const database = openSqlite(path, { busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    return () => void database.close();
  } catch (error) {
    database.close();
    if (!isSqliteError(error)) throw error;
    if (!unreadableCodes.test(error.code)) {
      const reason = isBusyError(error) ? 'another program has it open' : error.message;
      throw new DataError(`${path} cannot be replaced (${reason})`, { cause: error });
    }
    // The database is damaged, which may be the reason for the restore. It is kept unchanged, with its
    // journal, so that its data can still be rescued.
    for (const suffix of ['-wal', '-journal'])
      if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${kept}${suffix}`);
    rmSync(`${path}-shm`, { force: true });
    return () => {};
  }
}
