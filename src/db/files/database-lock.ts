import { chownSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError } from '../data-error.ts';
import { isBusyError, openSqlite } from '../sqlite/driver.ts';

/** Milliseconds that whoever wants a database alone waits for commands that are about to end. */
const PATIENCE_MS = 1_000;

/** Lets go of a database. May be called twice. */
export type Release = () => void;

/**
 * Says that this process works on a SQLite database, as others may do too. Whoever replaces its file wants it alone
 * ({@link lockExclusive}): a process that went on with the replaced file would write where nobody reads.
 *
 * The lock is SQLite's own, on a file beside the database, and so ends with the process, whatever ends it.
 *
 * @param path of the database
 * @throws {DataError} while somebody has it alone
 */
export function lockShared(path: string): Release {
  return lock(path, 0, 'BEGIN; SELECT count(*) FROM sqlite_master', () => {
    return new DataError(`${path} is being restored or moved: wait until that has ended, and start again`);
  });
}

/**
 * Keeps everybody else off a SQLite database that works with it through Latchkey.
 *
 * @param path of the database
 * @throws {DataError} while somebody works on it
 */
export function lockExclusive(path: string): Release {
  return lock(path, PATIENCE_MS, 'BEGIN EXCLUSIVE', () => {
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
    throw isBusyError(error) ? refusal() : error;
  }
  // The file stays. Removing it would let one process lock the removed file and another a new one of that name.
  return () => void connection.close();
}

/** Only where there is none: closing any handle on a file ends the locks that the process has on it (POSIX). */
function makeLockFile(path: string, database: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  giveToOwnerOf(database, path);
}

/** What root makes beside somebody's database, that somebody must be able to open: SQLite does the same with its own files. */
export function giveToOwnerOf(like: string, path: string): void {
  if (process.getuid?.() !== 0 || !existsSync(like)) return;
  const { uid, gid } = statSync(like);
  chownSync(path, uid, gid);
}
