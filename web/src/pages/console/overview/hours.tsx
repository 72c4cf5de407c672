import { describeHour, HourChart } from '../../../components/hour-chart.tsx';
import { Part } from '../../../components/part.tsx';
import { describeCount } from '../../../lib/count.ts';
import { Link } from '../../../router.tsx';
import { auth } from '../../../session.ts';
import { overviewTexts } from '../../../texts/console/overview.ts';
import type { ControlPanel } from './panel.ts';

const own = overviewTexts.hours;

/** What is counted by the hour, with the look of each. */
const series = [
  { member: 'succeeded', tone: 'accent' },
  { member: 'failed', tone: 'warning' },
  { member: 'denied', tone: 'error' },
] as const;

/** Sign-ins, failed ones and denied requests of the last 24 hours: as bars, and as a table. */
export function Hours({ hours }: { readonly hours: ControlPanel['signIns'] }) {
  return (
    <Part title={own.title}>
      <div class="hour-charts">
        {series.map(({ member, tone }) => (
          <HourChart
            key={member}
            title={own[member]}
            tone={tone}
            hours={hours.map((one) => ({ hour: one.hour, count: one[member] }))}
          />
        ))}
      </div>
      <p class="muted">{own.explain}</p>
      {auth.can('listAuditEvents') && (
        <p>
          {own.who}{' '}
          <Link to="audit" search="?action=sign-in.failed">
            {own.failed}
          </Link>
          {', '}
          <Link to="audit" search="?action=access.denied">
            {own.denied}
          </Link>
        </p>
      )}
      <details>
        <summary>{own.numbers}</summary>
        <Numbers hours={hours} />
      </details>
    </Part>
  );
}

function Numbers({ hours }: { readonly hours: ControlPanel['signIns'] }) {
  return (
    <table class="numbers">
      <caption class="visually-hidden">{own.title}</caption>
      <thead>
        <tr>
          <th scope="col">{own.hour}</th>
          {series.map(({ member }) => (
            <th key={member} scope="col">
              {own[member]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {hours.map((one) => (
          <tr key={one.hour}>
            <th scope="row">
              <time dateTime={one.hour}>{describeHour(one.hour)}</time>
            </th>
            {series.map(({ member }) => (
              <td key={member}>{describeCount(one[member])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
