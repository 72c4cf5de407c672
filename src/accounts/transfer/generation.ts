/** What generations and epochs are counted from when nobody knows how high they were; their column holds the seconds until 2088. */
const ORIGIN = Date.UTC(2020, 0, 1);

/**
 * A generation, or an epoch, above all that may have been given before: of users who come from a backup or an export, how high they
 * were is lost with the history. These are the seconds since 2020, which nobody reaches by one step for each change.
 */
export function generationAsOf(time: Date): number {
  return Math.floor((time.getTime() - ORIGIN) / 1_000);
}
