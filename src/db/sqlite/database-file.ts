import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';
import { openSqlite, type SqliteDatabase } from './driver.ts';

/** Returns the path in a `file:` URL. */
export function sqlitePath(url: string): string {
  return url.replace(/^file:/, '');
}

/** Checks that a database file exists. @throws {DataError} when it does not */
export function requireDatabase(path: string): void {
  if (!existsSync(path)) throw new DataError(`${path} does not exist: no data has been stored yet`);
}

/**
 * Opens a database for reading. A read-only connection would leave -wal and -shm files behind when there are
 * none. A writable one would checkpoint a -wal file that a crash has left. So the mode depends on whether a
 * -wal file exists.
 */
export function openReader(path: string): SqliteDatabase {
  return openSqlite(path, { mustExist: true, readOnly: existsSync(`${path}-wal`) });
}

/**
 * Makes the file with mode 0600 (its folder 0700), or removes the rights of other users. SQLite gives its
 * -wal and -shm files the mode of the database.
 */
export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    // Another user owns the file, for instance on a mounted volume: only the owner may change its mode.
    if (codeOf(error) !== 'EPERM') throw error;
  }
}
