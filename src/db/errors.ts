import { isDriverAdapterError } from '@prisma/driver-adapter-utils';
import { codeOf } from '../lib/error-code.ts';

/** Kinds of a driver adapter's error that say that the database cannot be reached, or lets nobody in at the moment. */
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
 * A snapshot that others have written over, or a deadlock. Not SQLITE_BUSY: `sqlite/queue.ts` has waited for that already.
 * https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
 */
const conflictCodes = /^(40001|40P01|SQLITE_BUSY_SNAPSHOT)$/;

/**
 * SQLSTATEs: connection exceptions (08), a standby (25006), a transaction that took too long (25P03, 25P04), resources that
 * ran out (53), a lock or a statement that took too long (55P03, 57014), shutdown and start-up (57P), input and output (58).
 * https://www.postgresql.org/docs/current/errcodes-appendix.html and https://www.sqlite.org/rescode.html
 */
const unavailableCodes =
  /^(08...|25006|25P0[34]|53...|55P03|57014|57P0.|58...|SQLITE_(BUSY|CANTOPEN|FULL|IOERR|LOCKED|NOMEM|PROTOCOL|READONLY).*)$/;

/** What the operating system says of sockets, and of files where SQLite's is opened. */
const systemCodes =
  /^(EACCES|EAI_AGAIN|ECONNABORTED|ECONNREFUSED|ECONNRESET|EDQUOT|EHOSTDOWN|EHOSTUNREACH|EIO|EMFILE|ENETDOWN|ENETUNREACH|ENFILE|ENOSPC|ENOTFOUND|EPIPE|EROFS|ETIMEDOUT)$/;

/** What the pool says when it refuses: Prisma passes errors on that it does not know. */
export const POOL_IS_FULL = 'Too many wait for a connection to the database';

/** What pg and pg-pool say in errors without a code. They reach us as they are when a transaction begins or ends. */
const driverMessages =
  /^(Client has encountered a connection error|Client was closed|Connection terminated|Cannot use a pool after calling end|timeout exceeded when trying to connect|timeout expired$|Query read timeout$)/;

/** P2028 is every error of a transaction; these are about time, and those of a client that is being closed. */
const transactionMessages =
  /Unable to start a transaction in the given time|on an expired transaction|Transaction not found/;

/**
 * Whether a row broke the unique index on this column; not for primary keys. P2002 names the columns on SQLite, and on
 * Postgres the index, whose name Prisma makes of table and column (`User_email_key`).
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

/** Whether a row broke some unique index, or has the id of another. */
export function isAnyUniqueViolation(error: unknown): boolean {
  return driverCause(error)?.kind === 'UniqueConstraintViolation';
}

/** Whether a row was to belong to one that is not there. */
export function isForeignKeyViolation(error: unknown): boolean {
  return driverCause(error)?.kind === 'ForeignKeyConstraintViolation';
}

/** Whether the row that was to be read, changed or deleted is not there (P2025). */
export function isNotFound(error: unknown): boolean {
  return codeOf(error) === 'P2025';
}

/** Whether somebody else was in the way, so that the same transaction may succeed when it runs again. */
export function isConflict(error: unknown): boolean {
  const cause = driverCause(error);
  return cause?.kind === 'TransactionWriteConflict' || matches(cause?.originalCode, conflictCodes);
}

/** Whether the database was not asked, because there is more to do than can be done. */
export function isOverloaded(error: unknown): boolean {
  return error instanceof Error && error.message.includes(POOL_IS_FULL);
}

/**
 * Whether the database cannot serve now and may do so later: a 503 with `Retry-After`. It is away, starting, full, overloaded,
 * or was too slow; conflicts that did not end count too. What a mistake in the program throws is not among them.
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
  // The socket file of a Postgres on the same machine is gone while that is down.
  if (code === 'ENOENT') return error.message.includes('connect ENOENT');
  return systemCodes.test(code) || unavailableCodes.test(code);
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/** What the driver adapter says: in Prisma's `meta`, or the error itself, for Prisma passes on what COMMIT throws. */
function driverCause(error: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!(error instanceof Error)) return undefined;
  const origin = 'meta' in error ? members(error.meta)?.driverAdapterError : error;
  return origin instanceof Error && isDriverAdapterError(origin) ? { ...origin.cause } : undefined;
}

function members(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
