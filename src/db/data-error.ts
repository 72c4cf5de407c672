/**
 * Error of a database, a backup, or another file that is not in the state that an operation needs. The
 * message is one line that says what to do.
 */
export class DataError extends Error {
  override name = 'DataError';
}

/**
 * Translates SQLite's error for a file that is not a database, or is damaged, into a {@link DataError}.
 * Returns other errors unchanged.
 */
export function asDataError(error: unknown, path: string): unknown {
  if (!(error instanceof Error && error.name === 'SqliteError' && 'code' in error)) return error;
  const code = String(error.code);
  if (code === 'SQLITE_NOTADB') return new DataError(`${path} is not a SQLite database`, { cause: error });
  if (!code.startsWith('SQLITE_CORRUPT')) return error;
  return new DataError(`${path} is damaged (${error.message}): restore a backup`, { cause: error });
}
