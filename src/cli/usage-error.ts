/** A usage error: the command line is invalid. The message says what to change. */
export class UsageError extends Error {
  override name = 'UsageError';
}
