/** The one file that imports better-sqlite3: what the others need of it. */
import Sqlite from 'better-sqlite3';

/** An open database of the driver. */
export type SqliteDatabase = Sqlite.Database;

/** A prepared statement whose rows are arrays of cells. */
export type RowStatement = Sqlite.Statement<unknown[], unknown[]>;

/** Milliseconds that a call blocks the thread while somebody else has the database locked, unless told otherwise. */
const BUSY_TIMEOUT_MS = 5_000;

/** Prefix that the driver gives to a result code that it has no name for; the number follows. */
const UNKNOWN_CODE = /^UNKNOWN_SQLITE_ERROR_(\d+)$/;

/** The lowest byte of an extended result code is the primary one. https://www.sqlite.org/rescode.html */
const PRIMARY_CODE_MASK = 0xff;
const SQLITE_BUSY = 5;

export interface OpenOptions {
  /** Whether a file that is not there is an error, and not made. */
  readonly mustExist?: boolean;
  readonly readOnly?: boolean;
  /** Milliseconds that a call blocks the thread while somebody else has the database locked. */
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
  return new Sqlite(path, { fileMustExist: mustExist, readonly: readOnly, timeout: busyTimeoutMs });
}

/** Whether an error is SQLite's own, with the name of its result code in `code`. */
export function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Sqlite.SqliteError;
}

/** The same error with another message. */
export function sqliteError(message: string, code: string): Error {
  return new Sqlite.SqliteError(message, code);
}

/** The number of an extended result code for which the driver has no name; undefined for the others. */
export function unnamedCode(code: string): number | undefined {
  const [, number] = UNKNOWN_CODE.exec(code) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** Whether a result code says that somebody else has the database locked. */
export function isBusyCode(code: string): boolean {
  const number = unnamedCode(code);
  return (
    /^SQLITE_BUSY(_|$)/.test(code) || (number !== undefined && (number & PRIMARY_CODE_MASK) === SQLITE_BUSY)
  );
}

/** Whether an error says that somebody else has the database locked. */
export function isBusyError(error: unknown): boolean {
  return isSqliteError(error) && isBusyCode(error.code);
}
