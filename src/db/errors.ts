import { isDriverAdapterError } from '@prisma/driver-adapter-utils';
import { codeOf } from '../lib/error-code.ts';

/** Kinds of driver adapter errors that mean: the database cannot be reached, or refuses connections now. */
const unavailableKinds = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
]);

/**
 * Codes of a conflicting write (the snapshot is outdated) or a deadlock. SQLITE_BUSY is not among them:
 * `sqlite/queue.ts` has waited for the lock already.
 * https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
 */
const conflictCodes = /^(40001|40P01|SQLITE_BUSY_SNAPSHOT)$/;

/**
 * SQLSTATEs: connection exceptions (08), a standby (25006), a transaction that took too long (25P03, 25P04),
 * exhausted resources (53), a lock or a statement that took too long (55P03, 57014), shutdown and start-up
 * (57P), input and output (58). https://www.postgresql.org/docs/current/errcodes-appendix.html and
 * https://www.sqlite.org/rescode.html
 */
const unavailableCodes =
  /^(08...|25006|25P0[34]|53...|55P03|57014|57P0.|58...|SQLITE_(BUSY|CANTOPEN|FULL|IOERR|LOCKED|NOMEM|PROTOCOL|READONLY).*)$/;

/** Error codes of the operating system for sockets, and for files when SQLite's is opened. */
const systemCodes =
  /^(EACCES|EAI_AGAIN|ECONNABORTED|ECONNREFUSED|ECONNRESET|EDQUOT|EHOSTDOWN|EHOSTUNREACH|EIO|EMFILE|ENETDOWN|ENETUNREACH|ENFILE|ENOSPC|ENOTFOUND|EPIPE|EROFS|ETIMEDOUT)$/;

/** Codes for a disk without room, or a quota that is used up: of Postgres, the system and SQLite. */
const fullDiskCodes = /^(53100|EDQUOT|ENOSPC|SQLITE_FULL)$/;

/** Message of a pool that refuses a caller. Prisma passes on errors that it does not know. */
export const POOL_IS_FULL = 'Too many queries wait for a connection to the database';

/**
 * Messages of errors of pg and pg-pool that have no code. These errors arrive unchanged when a transaction
 * begins or ends.
 */
const driverMessages =
  /^(Client has encountered a connection error|Client was closed|Connection terminated|Cannot use a pool after calling end|timeout exceeded when trying to connect|timeout expired$|Query read timeout$)/;

/**
 * Messages that tell apart the errors with code P2028, which Prisma uses for every error of a transaction.
 * These are timeouts, and errors of a client that is being closed.
 */
const transactionMessages =
  /Unable to start a transaction in the given time|on an expired transaction|Transaction not found/;

/**
 * Tells whether a row violates the unique index on this column; not for primary keys. P2002 names the columns
 * on SQLite. On Postgres it names the index, whose name Prisma builds from table and column
 * (`User_email_key`).
 */
export function isUniqueViolation(error: unknown, column: string): boolean {
  const cause = driverCause(error);
  if (cause?.kind !== 'UniqueConstraintViolation' || cause.originalCode === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return false;
  }
  const constraint = members(cause.constraint);
  const fields = constraint?.fields;
  if (Array.isArray(fields)) return fields.length === 1 && fields[0] === column;
  return constraint?.index === `${cause.table}_${column}_key`;
}

/** Tells whether a row violates any unique index, or has the id of another row. */
export function isAnyUniqueViolation(error: unknown): boolean {
  return driverCause(error)?.kind === 'UniqueConstraintViolation';
}

/** Tells whether a row refers to a row that does not exist. */
export function isForeignKeyViolation(error: unknown): boolean {
  return driverCause(error)?.kind === 'ForeignKeyConstraintViolation';
}

/** Tells whether the row to read, change or delete does not exist (P2025). */
export function isNotFound(error: unknown): boolean {
  return codeOf(error) === 'P2025';
}

/** Tells whether a transaction lost a conflict with another one, so that a retry may succeed. */
export function isConflict(error: unknown): boolean {
  const cause = driverCause(error);
  return cause?.kind === 'TransactionWriteConflict' || matches(cause?.originalCode, conflictCodes);
}

/** Tells whether the query was refused before it reached the database, because too many wait already. */
export function isOverloaded(error: unknown): boolean {
  return error instanceof Error && error.message.includes(POOL_IS_FULL);
}

/**
 * Tells whether the database is unavailable for now, which leads to a 503 with `Retry-After`: it is down,
 * starting, full, overloaded or too slow, or conflicts did not end. Errors of the program are not among them.
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isOverloaded(error)) return true;
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnavailable);
  const cause = driverCause(error);
  if (cause) {
    const { kind, originalCode } = cause;
    return (
      isConflict(error) ||
      (typeof kind === 'string' && unavailableKinds.has(kind)) ||
      matches(originalCode, unavailableCodes)
    );
  }
  const code = codeOf(error);
  if (code === 'P2028') return transactionMessages.test(error.message);
  if (code === undefined) return driverMessages.test(error.message);
  // The socket file of a local Postgres is missing while Postgres is down.
  if (code === 'ENOENT') return error.message.includes('connect ENOENT');
  return systemCodes.test(code) || unavailableCodes.test(code);
}

/** Returns the database's own code of an error: an SQLSTATE, or the name of a result code of SQLite. */
export function databaseCode(error: unknown): string | undefined {
  const code = driverCause(error)?.originalCode ?? codeOf(error);
  return typeof code === 'string' ? code : undefined;
}

/** Tells whether the disk, of the database or of a file, has no room left. */
export function isDiskFull(error: unknown): boolean {
  return matches(databaseCode(error), fullDiskCodes);
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/**
 * Cause that the driver adapter gave: in Prisma's `meta`, or in the error itself, because Prisma passes on
 * what COMMIT throws.
 */
function driverCause(error: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!(error instanceof Error)) return undefined;
  const origin = 'meta' in error ? members(error.meta)?.driverAdapterError : error;
  return origin instanceof Error && isDriverAdapterError(origin) ? { ...origin.cause } : undefined;
}

function members(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
