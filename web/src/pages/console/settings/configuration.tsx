import type { paths } from '@latchkey/client';
import { Checkbox } from '../../../components/choice.tsx';
import { Part } from '../../../components/part.tsx';
import { QueryField } from '../../../components/query-field.tsx';
import { Empty } from '../../../components/states.tsx';
import { type Column, Table } from '../../../components/table.tsx';
import { useQuery } from '../../../lib/query.ts';
import { settingsTexts as own } from '../../../texts/console/settings.ts';

type Answer = paths['/settings']['get']['responses'][200]['content']['application/json'];
type Setting = Answer['settings'][number];

/** The variables of the configuration, with those that are set marked. */
export function Configuration({ settings }: Pick<Answer, 'settings'>) {
  const query = useQuery();
  const filter = query.get('q');
  const isOnlySet = query.get('set') !== '';
  const found = settings.filter(
    ({ name, source }) => (!isOnlySet || source !== 'default') && includes(name, filter),
  );
  return (
    <Part title={own.configuration}>
      <div class="filters">
        <QueryField label={own.filter} />
        <Checkbox
          name="set"
          label={own.onlySet}
          checked={isOnlySet}
          onChange={(isChecked) => query.set({ set: isChecked ? 'true' : '' })}
        />
      </div>
      {found.length === 0 ? (
        <Empty>{own.noMatch}</Empty>
      ) : (
        <Table
          caption={own.configurationCaption}
          columns={columns}
          items={found}
          keyOf={({ name }) => name}
        />
      )}
    </Part>
  );
}

const columns: readonly Column<Setting>[] = [
  { title: own.variable, cell: ({ name }) => <code>{name}</code> },
  { title: own.value, cell: (setting) => <Value setting={setting} /> },
  {
    title: own.source,
    cell: ({ source }) =>
      source === 'default' ? (
        <span class="muted">{own.default}</span>
      ) : (
        <span class="badge">{own.changed}</span>
      ),
  },
];

function Value({ setting: { value, secret, isSet } }: { readonly setting: Setting }) {
  if (secret) return <span class="muted">{isSet ? own.set : own.notSet}</span>;
  if (value === null || value === '') return <span class="muted">{own.empty}</span>;
  return <code>{value}</code>;
}

function includes(name: string, filter: string): boolean {
  return name.toLowerCase().includes(
    filter
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_'),
  );
}
