/** The command was called wrongly. The message says what to change. */
export class UsageError extends Error {
  override name = 'UsageError';
}
