/** What hooks are to be done with: whatever was thrown, as an error. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The guard failed', { cause: error });
}
