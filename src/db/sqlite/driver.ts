/** Access to better-sqlite3: the only file that imports it. */
import Sqlite from 'better-sqlite3';

/** Open database of the driver. */
export type SqliteDatabase = Sqlite.Database;

/** Prepared statement whose rows are arrays of cells. */
export type RowStatement = Sqlite.Statement<unknown[], unknown[]>;

/** Default of {@link OpenOptions.busyTimeoutMs}. */
const BUSY_TIMEOUT_MS = 5_000;

/** Prefix that the driver gives to a result code without a name; the number follows. */
const UNKNOWN_CODE = /^UNKNOWN_SQLITE_ERROR_(\d+)$/;

/** The lowest byte of an extended result code is the primary one. https://www.sqlite.org/rescode.html */
const PRIMARY_CODE_MASK = 0xff;
const SQLITE_BUSY = 5;

export interface OpenOptions {
  /** True when a missing file is an error; else it is created. */
  readonly mustExist?: boolean;
  readonly readOnly?: boolean;
  /** Milliseconds that a call blocks the thread while another process has the database locked. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens a database.
 *
 * @param path of the file; `:memory:`, or empty for a temporary database without a name
 * @throws {SqliteError} when the file cannot be opened
 */
export function openSqlite(
  path: string,
  { mustExist = false, readOnly = false, busyTimeoutMs = BUSY_TIMEOUT_MS }: OpenOptions = {},
): SqliteDatabase {
  try {
    return new Sqlite(path, { fileMustExist: mustExist, readonly: readOnly, timeout: busyTimeoutMs });
  } catch (error) {
    throw withFile(error, path);
  }
}

/** Tells whether an error is SQLite's own, with the name of its result code in `code`. */
export function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Sqlite.SqliteError;
}

/** SQLite's codes of errors about a file, whose messages do not name it. */
const fileCodes = /^SQLITE_(CANTOPEN|FULL|IOERR|PERM|READONLY)/;

/** Adds the name of the file to an error of SQLite about a file. Returns other errors unchanged. */
export function withFile(error: unknown, path: string): unknown {
  if (!isSqliteError(error) || !fileCodes.test(error.code) || path === '') return error;
  return sqliteError(`${error.message} (${path})`, error.code);
}

/** Makes an error of SQLite with another message. */
export function sqliteError(message: string, code: string): Error {
  return new Sqlite.SqliteError(message, code);
}

/**
 * Returns the number of an extended result code for which the driver has no name; undefined for the others.
 */
export function unnamedCode(code: string): number | undefined {
  const [, number] = UNKNOWN_CODE.exec(code) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** Tells whether a result code means that another process has the database locked. */
export function isBusyCode(code: string): boolean {
  const number = unnamedCode(code);
  return (
    /^SQLITE_BUSY(_|$)/.test(code) || (number !== undefined && (number & PRIMARY_CODE_MASK) === SQLITE_BUSY)
  );
}

/** Tells whether an error means that another process has the database locked. */
export function isBusyError(error: unknown): boolean {
  return isSqliteError(error) && isBusyCode(error.code);
}
