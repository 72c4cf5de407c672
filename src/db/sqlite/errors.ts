import { DriverAdapterError, isDriverAdapterError, type MappedError } from '@prisma/driver-adapter-utils';
import { isBusyCode, isSqliteError, unnamedCode } from './driver.ts';

/** SQLite's code for errors without a specific code. */
const SQLITE_ERROR = 1;

/** Translates an error of the driver for Prisma. Other errors stay unchanged. */
export function toAdapterError(error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  const { code, message } = error;
  return new DriverAdapterError({ ...describe(code, message), originalCode: code, originalMessage: message });
}

/** Tells whether an adapter's error means that another connection has the database locked. */
export function isBusy(error: unknown): error is DriverAdapterError {
  return error instanceof Error && isDriverAdapterError(error) && error.cause.kind === 'SocketTimeout';
}

export function connectionClosed(): DriverAdapterError {
  return new DriverAdapterError({ kind: 'ConnectionClosed' });
}

/**
 * Maps SQLite's result codes (https://www.sqlite.org/rescode.html) to Prisma's kinds. The details are only in
 * messages.
 */
function describe(code: string, message: string): MappedError {
  switch (code) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
    case 'SQLITE_CONSTRAINT_ROWID':
      return uniqueViolation(message);
    case 'SQLITE_CONSTRAINT_NOTNULL':
      return { kind: 'NullConstraintViolation', constraint: { fields: columnsIn(message).map(nameOf) } };
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
    case 'SQLITE_CONSTRAINT_TRIGGER':
      return { kind: 'ForeignKeyConstraintViolation', constraint: { foreignKey: {} } };
    default:
      return isBusyCode(code) ? { kind: 'SocketTimeout' } : describeMessage(code, message);
  }
}

/**
 * Parses `UNIQUE constraint failed: User.email, User.name`, or `index 'name'` for an index on expressions.
 */
function uniqueViolation(message: string): MappedError {
  const columns = columnsIn(message);
  const [, index] = /^index '(.*)'$/.exec(columns[0] ?? '') ?? [];
  if (index !== undefined) return { kind: 'UniqueConstraintViolation', constraint: { index } };
  const table = columns[0]?.split('.').slice(0, -1).join('.');
  return {
    kind: 'UniqueConstraintViolation',
    constraint: { fields: columns.map(nameOf) },
    ...(table && { table }),
  };
}

function describeMessage(code: string, message: string): MappedError {
  const [, table] = /^no such table: (.*)/.exec(message) ?? [];
  if (table !== undefined) return { kind: 'TableDoesNotExist', table };
  const [, column] =
    /(?:^no such column: |has no column named )"?(.*?)"?( - should this be .*)?$/.exec(message) ?? [];
  if (column !== undefined) return { kind: 'ColumnNotFound', column };
  return { kind: 'sqlite', extendedCode: unnamedCode(code) ?? SQLITE_ERROR, message };
}

/** Returns the columns of a violated constraint, with their tables. */
function columnsIn(message: string): string[] {
  return message.split('constraint failed: ')[1]?.split(', ') ?? [];
}

function nameOf(column: string): string {
  return column.slice(column.lastIndexOf('.') + 1);
}
