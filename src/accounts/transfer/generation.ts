/**
 * The time that generations and epochs are counted from when the last value is unknown. The column holds the
 * seconds until 2088.
 */
const ORIGIN = Date.UTC(2020, 0, 1);

/**
 * A generation, or an epoch, above all values that may have been issued before. For users of a backup or an
 * export, the last value is lost with the history. The seconds since 2020 are more than one step for each
 * change can reach.
 */
export function generationAsOf(time: Date): number {
  return Math.floor((time.getTime() - ORIGIN) / 1_000);
}
