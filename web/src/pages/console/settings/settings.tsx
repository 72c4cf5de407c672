import type { paths } from '@latchkey/client';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Part } from '../../../components/part.tsx';
import { Loaded } from '../../../components/states.tsx';
import { type Column, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { useResource } from '../../../lib/resource.ts';
import { api, useAuth } from '../../../session.ts';
import { settingsTexts as own } from '../../../texts/console/settings.ts';
import { Configuration } from './configuration.tsx';
import { Findings } from './findings.tsx';

const DAY_MS = 86_400_000;

type Answer = paths['/settings']['get']['responses'][200]['content']['application/json'];
type Key = Answer['keys'][number];

/** The configuration as it runs, and what is wrong with it. Nothing can be changed here. */
export function Settings() {
  return (
    <ConsolePage title={own.title} screen="settings">
      <p>{own.explain}</p>
      <AsItRuns />
    </ConsolePage>
  );
}

function AsItRuns() {
  const { access } = useAuth();
  const resource = useResource(() => api.GET('/settings'), String(access));
  return (
    <Loaded resource={resource}>
      {({ findings, checkedAt, levels, keys, settings }) => (
        <>
          <Findings findings={findings} checkedAt={checkedAt} resource={resource} />
          <Part title={own.levels}>
            <dl class="facts">
              {levels.map(({ access, name }) => [
                <dt key={name}>{access}</dt>,
                <dd key={`of ${name}`}>
                  <bdi class="badge">{name}</bdi>
                </dd>,
              ])}
            </dl>
          </Part>
          <Part title={own.keys}>
            <Table caption={own.keysCaption} columns={keyColumns} items={keys} keyOf={({ kid }) => kid} />
          </Part>
          <Configuration settings={settings} />
        </>
      )}
    </Loaded>
  );
}

const keyColumns: readonly Column<Key>[] = [
  { title: own.kid, cell: ({ kid }) => <code>{kid}</code> },
  { title: own.alg, cell: ({ alg }) => alg },
  {
    title: own.since,
    cell: ({ createdAt }) => (createdAt === null ? own.unknown : <Age since={createdAt} />),
  },
  {
    title: own.state,
    cell: ({ state }) => (state === 'signing' ? <span class="badge">{own.signing}</span> : own.verifying),
  },
];

function Age({ since }: { readonly since: string }) {
  const days = Math.floor((Date.now() - Date.parse(since)) / DAY_MS);
  return (
    <>
      <Time at={since} precision="day" /> ({days < 1 ? own.today : own.days(days)})
    </>
  );
}
