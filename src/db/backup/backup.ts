import { closeSync, existsSync, lstatSync, openSync, realpathSync, rmSync, statSync } from 'node:fs';
import { asDataError, DataError } from '../data-error.ts';
import { lockShared } from '../files/database-lock.ts';
import { nameFile, requireFree, syncFile } from '../files/sync.ts';
import { createTempFile } from '../files/temp-file.ts';
import { openReader, requireDatabase } from '../sqlite/database-file.ts';
import { type Contents, inspectDatabase } from './inspect.ts';

/** A backup that was made. */
export interface Backup extends Contents {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes a SQLite database into one file, as it is at one moment. Whoever works on it meanwhile is not held up: the copy is
 * one reader more. The file has mode 0600, and its name only when it is complete, checked and on the disk.
 *
 * VACUUM INTO, and not SQLite's backup interface, which begins anew whenever another process writes. What was deleted is not
 * in the copy either. https://www.sqlite.org/lang_vacuum.html#vacuuminto
 *
 * @param isForced whether a file of that name is replaced
 * @throws {DataError} when there is no database, the file exists, or what was written is not whole
 */
export async function backUp(path: string, file: string, isForced: boolean): Promise<Backup> {
  requireDatabase(path);
  requireOther(path, file);
  requireFree(file, isForced);
  const draft = createTempFile(file);
  const release = lockShared(path);
  try {
    copyDatabase(path, draft);
    const contents = await inspectDatabase(draft, path);
    syncFile(draft);
    const { size: bytes } = statSync(draft);
    nameFile(draft, file, isForced);
    return { file, bytes, ...contents };
  } catch (error) {
    rmSync(draft, { force: true });
    throw asDataError(error, path);
  } finally {
    release();
  }
}

/** Copies a database as it is at one moment into a new file of mode 0600, without what was deleted from it. */
export function copyDatabase(path: string, copy: string): void {
  rmSync(copy, { force: true });
  closeSync(openSync(copy, 'wx', 0o600));
  const database = openReader(path);
  try {
    database.prepare('VACUUM INTO ?').run(copy);
  } finally {
    database.close();
  }
}

/** The database itself is no place for its backup. */
function requireOther(path: string, file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  const isOwn = [path, `${path}-wal`, `${path}-shm`].some(
    (own) => existsSync(own) && realpathSync(own) === realpathSync(file),
  );
  if (isOwn) throw new DataError(`${file} is the database itself: choose another name`);
}
