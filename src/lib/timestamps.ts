/** Pattern of the format `date-time` of requests: RFC 3339 section 5.6, with years of four digits. */
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt\s]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/;

/** End of the last year with four digits, the limit of timestamps. */
const END_OF_TIME = Date.UTC(10_000, 0);

/**
 * Parses a timestamp.
 *
 * @returns undefined when it is not one, or when it cannot be used in a response: the 30th of February, a
 *   leap second, and years before 1970 or of five digits in UTC
 */
export function parseTimestamp(text: string): Date | undefined {
  const [, year, month, day] = (TIMESTAMP.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  const time = Date.parse(text.toUpperCase());
  return isDay && time >= 0 && time < END_OF_TIME ? new Date(time) : undefined;
}

/** Rounds a time down to whole seconds, as tokens expire at whole seconds (RFC 7519 section 2). */
export function toWholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
