import { Part } from '../../../components/part.tsx';
import { Empty } from '../../../components/states.tsx';
import { type Column, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { describeCount } from '../../../lib/count.ts';
import { Link } from '../../../router.tsx';
import { overviewTexts } from '../../../texts/console/overview.ts';
import type { ControlPanel } from './panel.ts';

type Users = ControlPanel['users'];

/** How many users have each level. */
export function Levels({ users: { byAccess } }: { readonly users: Users }) {
  const own = overviewTexts.levels;
  return (
    <Part title={own.title}>
      <table class="numbers">
        <caption class="visually-hidden">{own.title}</caption>
        <thead>
          <tr>
            <th scope="col">{own.level}</th>
            <th scope="col">{own.users}</th>
          </tr>
        </thead>
        <tbody>
          {byAccess.map(({ access, accessName, count }) => (
            <tr key={access}>
              <th scope="row">
                <Link to="users" search={`?access=${access}`}>
                  {accessName}
                </Link>{' '}
                <span class="muted">{access}</span>
              </th>
              <td>{describeCount(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

const own = overviewTexts.newest;

const columns: readonly Column<Users['newest'][number]>[] = [
  {
    title: own.name,
    cell: ({ id, name }) => (
      <Link to="user" id={id}>
        <bdi dir="auto">{name}</bdi>
      </Link>
    ),
  },
  { title: own.address, cell: ({ email }) => <bdi>{email}</bdi> },
  { title: own.level, cell: ({ accessName }) => accessName },
  { title: own.since, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

/** The people who came last. */
export function Newest({ users: { newest } }: { readonly users: Users }) {
  return (
    <Part title={own.title}>
      {newest.length === 0 ? (
        <Empty />
      ) : (
        <Table caption={own.title} columns={columns} items={newest} keyOf={({ id }) => id} />
      )}
    </Part>
  );
}
