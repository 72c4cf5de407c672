/** A database, a backup of one, or a file that is read or written, is not as the work with it needs it. The message is one line that says what to do. */
export class DataError extends Error {
  override name = 'DataError';
}

/** What SQLite says of a file that is none of its databases, or a damaged one, as a {@link DataError}; other errors stay as they are. */
export function asDataError(error: unknown, path: string): unknown {
  if (!(error instanceof Error && error.name === 'SqliteError' && 'code' in error)) return error;
  const code = String(error.code);
  if (code === 'SQLITE_NOTADB') return new DataError(`${path} is no SQLite database`, { cause: error });
  if (!code.startsWith('SQLITE_CORRUPT')) return error;
  return new DataError(`${path} is damaged (${error.message}): restore a backup`, { cause: error });
}
