import { closeSync, existsSync, lstatSync, openSync, realpathSync, rmSync, statSync } from 'node:fs';
import { asDataError, DataError } from '../data-error.ts';
import { lockShared } from '../files/database-lock.ts';
import { nameFile, requireFree, syncFile } from '../files/sync.ts';
import { asTargetError } from '../files/target-error.ts';
import { createTempFile } from '../files/temp-file.ts';
import { openReader, requireDatabase } from '../sqlite/database-file.ts';
import { type Contents, inspectDatabase } from './inspect.ts';

/** Result of a backup. */
export interface Backup extends Contents {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes a consistent snapshot of a SQLite database into one file. Other processes can go on working: the
 * copy is one more reader. The file has mode 0600, and it gets its name only when it is complete, checked and
 * on the disk.
 *
 * It uses VACUUM INTO, not SQLite's backup interface: that starts again each time another process writes.
 * Deleted data is not in the copy either. https://www.sqlite.org/lang_vacuum.html#vacuuminto
 *
 * @param isForced whether to replace a file that has this name
 * @throws {DataError} when there is no database, when the file exists, or when the copy is damaged
 */
export async function backUp(path: string, file: string, isForced: boolean): Promise<Backup> {
  requireDatabase(path);
  requireOther(path, file);
  requireFree(file, isForced);
  const tempFile = createTempFile(file);
  const release = lockShared(path);
  try {
    copyDatabase(path, tempFile, file);
    // Before a rollback, the old version backs up what the newer one has migrated.
    const contents = await inspectDatabase(tempFile, path, true);
    syncFile(tempFile);
    const { size: bytes } = statSync(tempFile);
    nameFile(tempFile, file, isForced);
    return { file, bytes, ...contents };
  } catch (error) {
    for (const leftover of [tempFile, `${tempFile}-journal`]) rmSync(leftover, { force: true });
    throw asDataError(error, path);
  } finally {
    release();
  }
}

/**
 * Copies a consistent snapshot of a database into a new file of mode 0600, without the data deleted from it.
 *
 * @param name of the copy in error messages, when it is not the path itself
 * @throws {DataError} when there is no room for the copy, or this user may not write it
 */
export function copyDatabase(path: string, copy: string, name = copy): void {
  rmSync(copy, { force: true });
  makeEmpty(copy, name);
  const database = openReader(path);
  try {
    database.prepare('VACUUM INTO ?').run(copy);
  } catch (error) {
    throw asTargetError(error, name);
  } finally {
    database.close();
  }
}

function makeEmpty(copy: string, name: string): void {
  try {
    closeSync(openSync(copy, 'wx', 0o600));
  } catch (error) {
    throw asTargetError(error, name);
  }
}

/** Refuses the database's own files as the place of its backup. */
function requireOther(path: string, file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  const isOwn = [path, `${path}-wal`, `${path}-shm`].some(
    (own) => existsSync(own) && realpathSync(own) === realpathSync(file),
  );
  if (isOwn) throw new DataError(`${file} is the database itself: choose another name`);
}
