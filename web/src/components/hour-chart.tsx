import { useId } from 'preact/hooks';
import { describeCount } from '../lib/count.ts';
import { overviewTexts as own } from '../texts/console/overview.ts';

/** A number of one hour. */
export interface HourCount {
  /** RFC 3339: its beginning. */
  readonly hour: string;
  readonly count: number;
}

interface HourChartProps {
  readonly title: string;
  readonly hours: readonly HourCount[];
  readonly tone: 'accent' | 'warning' | 'error';
}

/** Sizes in units of the picture, which is as wide as there is room. */
const STEP = 10;
const BAR_WIDTH = 7;
const HEIGHT = 48;
/** The height of a bar that would otherwise not be seen. */
const MIN_HEIGHT = 3;

const hourFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** Writes the beginning of an hour, in the reader's zone. */
export const describeHour = (hour: string): string => hourFormat.format(new Date(hour));

/**
 * A number by the hour, as bars. The picture says in words what it shows; the exact numbers belong into a
 * table beside it.
 */
export function HourChart({ title, hours, tone }: HourChartProps) {
  const id = useId();
  const total = hours.reduce((sum, { count }) => sum + count, 0);
  const most = hours.reduce((max, one) => (one.count > max.count ? one : max), { hour: '', count: 0 });
  const says =
    most.count === 0
      ? own.chart.none(title)
      : own.chart.says(title, total, most.count, describeHour(most.hour));
  return (
    <figure class="hour-chart">
      <figcaption>
        {title} <strong>{describeCount(total)}</strong>
      </figcaption>
      <svg
        role="img"
        aria-labelledby={id}
        class={tone}
        viewBox={`0 0 ${hours.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        <title id={id}>{says}</title>
        {hours.map(({ hour, count }, index) => {
          const height = count === 0 ? 0 : Math.max(MIN_HEIGHT, (count / most.count) * HEIGHT);
          return (
            <rect
              key={hour}
              x={index * STEP + (STEP - BAR_WIDTH) / 2}
              y={HEIGHT - height}
              width={BAR_WIDTH}
              height={height}
            >
              <title>{own.chart.bar(describeHour(hour), count)}</title>
            </rect>
          );
        })}
      </svg>
      <p class="hour-axis" aria-hidden="true">
        {axisOf(hours).map((hour) => (
          <span key={hour}>{describeHour(hour)}</span>
        ))}
      </p>
    </figure>
  );
}

/** The hours that are named below the bars: the first, the middle and the last. */
function axisOf(hours: readonly HourCount[]): string[] {
  const places = new Set([0, Math.floor(hours.length / 2), hours.length - 1]);
  return hours.flatMap(({ hour }, index) => (places.has(index) ? [hour] : []));
}
