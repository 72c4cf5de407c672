import { chownSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError } from '../data-error.ts';
import { isBusyError, openSqlite, withFile } from '../sqlite/driver.ts';

/** Time that an exclusive lock waits for commands that are about to end. */
const LOCK_TIMEOUT_MS = 1_000;

/** Releases a lock on a database. May be called twice. */
export type Release = () => void;

/**
 * Locks a SQLite database in shared mode: several processes may work on it. A process that replaces the file
 * needs the exclusive lock ({@link lockExclusive}): another process would continue to write to the replaced
 * file, and those writes would be lost.
 *
 * The lock is SQLite's own, on a file beside the database. It ends with the process, even when that is
 * killed.
 *
 * @param path of the database
 * @throws {DataError} while another process holds the exclusive lock
 */
export function lockShared(path: string): Release {
  return lock(path, 0, 'BEGIN; SELECT count(*) FROM sqlite_master', () => {
    return new DataError(`${path} is being restored or moved: wait until that has ended, and start again`);
  });
}

/**
 * Locks a SQLite database in exclusive mode: no other process can work on it through Latchkey.
 *
 * @param path of the database
 * @throws {DataError} while another process works on it
 */
export function lockExclusive(path: string): Release {
  return lock(path, LOCK_TIMEOUT_MS, 'BEGIN EXCLUSIVE', () => {
    return new DataError(`the service, or another command, works on ${path}: stop it first`);
  });
}

function lock(database: string, busyTimeoutMs: number, sql: string, refusal: () => DataError): Release {
  const path = `${database}.lock`;
  makeLockFile(path, database);
  const connection = openSqlite(path, { busyTimeoutMs });
  try {
    connection.exec(sql);
  } catch (error) {
    connection.close();
    throw isBusyError(error) ? refusal() : withFile(error, path);
  }
  // The lock file stays. After a removal, one process could lock the removed file and another a new file of
  // that name.
  return () => void connection.close();
}

/**
 * Makes the lock file when there is none. An existing one is not opened here: closing any handle on a file
 * releases the process's locks on it (POSIX).
 */
function makeLockFile(path: string, database: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  giveToOwnerOf(database, path);
}

/**
 * Gives a file the owner of the database when root creates it: the owner must be able to open it. SQLite does
 * the same with its own files.
 */
export function giveToOwnerOf(like: string, path: string): void {
  if (process.getuid?.() !== 0 || !existsSync(like)) return;
  const { uid, gid } = statSync(like);
  chownSync(path, uid, gid);
}
