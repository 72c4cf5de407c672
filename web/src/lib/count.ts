const format = new Intl.NumberFormat();

/** Writes a number as the reader does: 12,345. */
export const describeCount = (count: number): string => format.format(count);
