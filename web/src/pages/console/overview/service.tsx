import { isProblem } from '@latchkey/client';
import { Part } from '../../../components/part.tsx';
import { describeDuration } from '../../../lib/countdown.ts';
import type { Live } from '../../../lib/live.ts';
import { describeError } from '../../../lib/problems.ts';
import { overviewTexts } from '../../../texts/console/overview.ts';
import type { ControlPanel } from './panel.ts';

const own = overviewTexts.service;

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

interface ServiceProps {
  readonly health: Live<unknown>;
  readonly panel: ControlPanel | undefined;
}

/** The process that answers: whether it is ready, and what it is. */
export function Service({ health, panel }: ServiceProps) {
  return (
    <Part title={own.title}>
      <dl class="facts">
        <dt>{own.health}</dt>
        <dd>
          <Health health={health} />
        </dd>
        {panel !== undefined && (
          <>
            <dt>{own.version}</dt>
            <dd>{panel.version}</dd>
            <dt>{own.uptime}</dt>
            <dd>{describeUptime(panel.uptime)}</dd>
            <dt>{own.database}</dt>
            <dd>{own.databases[panel.database]}</dd>
          </>
        )}
      </dl>
    </Part>
  );
}

function Health({ health: { data, error } }: { readonly health: Live<unknown> }) {
  if (error === undefined)
    return data === undefined ? (
      <span class="muted">{own.looking}</span>
    ) : (
      <span class="badge good">✓ {own.ready}</span>
    );
  if (!isProblem(error)) return <span class="badge bad">✗ {own.unknown}</span>;
  return (
    <span class="badge bad">
      ✗ {own.notReady} {describeError(error)}
    </span>
  );
}

/** Writes a time in its two largest units. */
function describeUptime(seconds: number): string {
  if (seconds < HOUR_SECONDS) return describeDuration(seconds);
  const days = Math.floor(seconds / DAY_SECONDS);
  const hours = Math.floor((seconds % DAY_SECONDS) / HOUR_SECONDS);
  const { span } = overviewTexts;
  return days === 0 ? span.hours(hours) : `${span.days(days)}, ${span.hours(hours)}`;
}
