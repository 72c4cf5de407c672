interface TimeProps {
  /** RFC 3339, as the service writes it. */
  readonly at: string;
  /** `day` for dates that people count in days, `second` for what is compared with a log. */
  readonly precision?: 'day' | 'minute' | 'second';
}

const formats = {
  day: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }),
  minute: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }),
  second: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }),
};
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** A time in the reader's zone and language, with the exact one on hover. */
export function Time({ at, precision = 'minute' }: TimeProps) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={exact.format(date)}>
      {formats[precision].format(date)}
    </time>
  );
}
