import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';
import { openSqlite, type SqliteDatabase } from './driver.ts';

/** The path in a `file:` URL. */
export function sqlitePath(url: string): string {
  return url.replace(/^file:/, '');
}

/** @throws {DataError} when there is no database at a path */
export function requireDatabase(path: string): void {
  if (!existsSync(path)) throw new DataError(`${path} is not there: nothing has been kept yet`);
}

/**
 * Opens a database that is only looked at. A read-only connection would leave -wal and -shm files behind where there are none, and one
 * that may write would empty a -wal that a crash has left: each is right where the other is not.
 */
export function openReader(path: string): SqliteDatabase {
  return openSqlite(path, { mustExist: true, readOnly: existsSync(`${path}-wal`) });
}

/**
 * Makes the file with mode 0600 (its folder 0700), or takes other people's rights to it away.
 * SQLite gives its -wal and -shm files the mode of the database.
 */
export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    // Somebody else's file that we may write to, a mounted volume's for instance: its mode is not ours to choose.
    if (codeOf(error) !== 'EPERM') throw error;
  }
}
