import { ConsolePage } from '../../components/console-page.tsx';
import { Failed, Loading, Stale } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { type Live, useLive } from '../../lib/live.ts';
import { api } from '../../session.ts';
import { overviewTexts as own } from '../../texts/console/overview.ts';
import { Figures } from './overview/figures.tsx';
import { Hours } from './overview/hours.tsx';
import type { ControlPanel } from './overview/panel.ts';
import { Levels, Newest } from './overview/people.tsx';
import { Service } from './overview/service.tsx';

/** The service at a glance. */
export function Overview() {
  return (
    <ConsolePage title={own.title} screen="overview">
      <Content />
    </ConsolePage>
  );
}

function Content() {
  const panel = useLive<ControlPanel>(() => api.GET('/control-panel'));
  const health = useLive(() => api.GET('/health/ready'));
  const { data, error, reload } = panel;
  if (data === undefined && error === undefined) return <Loading />;
  return (
    <>
      {data === undefined ? <Failed error={error} retry={reload} /> : <Freshness panel={panel} />}
      <div class="overview">
        {data !== undefined && (
          <>
            <Figures panel={data} />
            <Hours hours={data.signIns} />
            <Levels users={data.users} />
          </>
        )}
        <Service health={health} panel={data} />
        {data !== undefined && <Newest users={data.users} />}
      </div>
    </>
  );
}

/** Says from when the numbers are, and why they are not newer. */
function Freshness({ panel }: { readonly panel: Live<ControlPanel> }) {
  const { at, error } = panel;
  return (
    <>
      <Stale resource={panel} />
      {at !== undefined && (
        <p class="muted">
          {own.asOf} <Time at={at} precision="second" />
          {error === undefined && <>, {own.renews}</>}
        </p>
      )}
    </>
  );
}
