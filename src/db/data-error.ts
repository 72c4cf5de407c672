/** A database, or a backup of one, is not as the work with it needs it. The message is one line that says what to do. */
export class DataError extends Error {
  override name = 'DataError';
}
