import type { components } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { Select } from '../../components/choice.tsx';
import { ConsolePage } from '../../components/console-page.tsx';
import { Field } from '../../components/field.tsx';
import { Form } from '../../components/form.tsx';
import { Notice } from '../../components/notice.tsx';
import { Part } from '../../components/part.tsx';
import { QueryField } from '../../components/query-field.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { useCan } from '../../lib/can.ts';
import { useGrants } from '../../lib/grants.ts';
import { toAccess } from '../../lib/levels.ts';
import { useQuery } from '../../lib/query.ts';
import { useResource } from '../../lib/resource.ts';
import { Link, navigate } from '../../router.tsx';
import { api, useAuth } from '../../session.ts';
import { serviceAccountsTexts as own } from '../../texts/console/service-accounts.ts';

/** Accounts that are shown at once. */
const PAGE_SIZE = 50;

/** Accounts that the service lists at most. */
const MAX_LISTED = 1_000;

type ServiceAccount = components['schemas']['ServiceAccount'];

/** Service accounts: the list, and a new one. */
export function ServiceAccounts() {
  const { can } = useCan();
  return (
    <ConsolePage title={own.title} screen="serviceAccounts">
      <p>{own.explain}</p>
      <Accounts />
      {can('createServiceAccount') && <Make />}
    </ConsolePage>
  );
}

const columns: readonly Column<ServiceAccount>[] = [
  {
    title: own.name,
    cell: ({ id, name }) => (
      <Link to="serviceAccount" id={id}>
        <bdi>{name}</bdi>
      </Link>
    ),
  },
  { title: own.level, cell: ({ accessName }) => <bdi class="badge">{accessName}</bdi> },
  { title: own.keys, cell: ({ apiKeys }) => (apiKeys === 0 ? own.noKeys : apiKeys) },
  {
    title: own.state,
    cell: ({ disabled }) => (disabled ? <span class="badge warning">{own.disabled}</span> : own.enabled),
  },
  { title: own.createdAt, cell: ({ createdAt }) => <Time at={createdAt} precision="day" /> },
];

function Accounts() {
  const { access } = useAuth();
  const accounts = useResource(() => api.GET('/service-accounts'), String(access));
  const query = useQuery();
  const [count, setCount] = useState(PAGE_SIZE);
  const filter = query.get('q');
  return (
    <>
      <div class="filters">
        <QueryField label={own.filter} />
      </div>
      <Loaded resource={accounts}>
        {({ serviceAccounts }) => {
          const found = serviceAccounts.filter(({ name }) => includes(name, filter));
          if (found.length === 0) return <Empty>{filter === '' ? own.none : own.noMatch}</Empty>;
          return (
            <>
              <Table
                caption={own.caption}
                columns={columns}
                items={found.slice(0, count)}
                keyOf={({ id }) => id}
              />
              {count < found.length && (
                <button type="button" class="button" onClick={() => setCount(count + PAGE_SIZE)}>
                  {own.more}
                </button>
              )}
              {serviceAccounts.length >= MAX_LISTED && <Notice>{own.cut(MAX_LISTED)}</Notice>}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function includes(name: string, filter: string): boolean {
  return name.toLocaleLowerCase().includes(filter.trim().toLocaleLowerCase());
}

function Make() {
  const grants = useGrants();
  // The list above says that something is on its way.
  if (grants.data === undefined && grants.isLoading) return null;
  return (
    <Part title={own.make}>
      <Loaded resource={grants}>
        {({ levels }) => (
          <Form
            submit={own.submit}
            send={async ({ name = '', access: chosen = '' }) => {
              const access = toAccess(chosen);
              if (access === undefined) return {};
              const result = await api.POST('/service-accounts', { body: { name, access } });
              if (result.data !== undefined) navigate('serviceAccount', { id: result.data.id });
              return result;
            }}
          >
            <Field name="name" label={own.name} autocomplete="off" hint={own.nameHint} />
            <Select
              name="access"
              label={own.level}
              hint={own.levelHint}
              options={levels.map(({ access, accessName }) => [String(access), accessName])}
              value={String((levels[1] ?? levels[0])?.access)}
            />
          </Form>
        )}
      </Loaded>
    </Part>
  );
}
