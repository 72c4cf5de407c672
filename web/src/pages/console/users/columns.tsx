import type { components } from '@latchkey/client';
import { Level } from '../../../components/level.tsx';
import type { Column } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { Link } from '../../../router.tsx';
import { usersTexts } from '../../../texts/console/users.ts';
import { fieldOf, type Listing, type Sort, type SortField } from './listing.ts';

type User = components['schemas']['VisibleUser'];

const own = usersTexts.columns;

interface ColumnOptions {
  readonly listing: Listing;
  readonly sortBy: (sort: Sort) => void;
  readonly isAdmin: boolean;
  /** The reader, whose row says so. */
  readonly userId: string | undefined;
}

/** The columns of the list: what the service shows to people of the reader's level. */
export function columnsOf({ listing, sortBy, isAdmin, userId }: ColumnOptions): readonly Column<User>[] {
  const sorted = (field: SortField) => {
    if (!listing.sorts.some((sort) => fieldOf(sort) === field)) return {};
    const direction =
      fieldOf(listing.sort) !== field ? 'none' : listing.sort.startsWith('-') ? 'descending' : 'ascending';
    const toggle = () => sortBy(direction === 'ascending' ? `-${field}` : field);
    return { sort: { direction, toggle } } as const;
  };
  const name: Column<User> = {
    title: own.name,
    ...sorted('name'),
    cell: (user) => (
      <>
        <Link to="user" id={user.id}>
          <bdi dir="auto">{user.name}</bdi>
        </Link>{' '}
        {user.id === userId && <span class="muted">({usersTexts.you})</span>}
      </>
    ),
  };
  const level: Column<User> = { title: own.level, cell: (user) => <Level user={user} /> };
  if (!isAdmin) return [name, level];
  return [
    name,
    { title: own.email, ...sorted('email'), cell: ({ email }) => <bdi>{email}</bdi> },
    level,
    {
      title: own.state,
      cell: ({ disabled }) =>
        disabled ? <span class="badge warning">{usersTexts.disabled}</span> : usersTexts.active,
    },
    {
      title: own.secondFactor,
      cell: ({ secondFactor }) => (secondFactor ? usersTexts.yes : usersTexts.no),
    },
    {
      title: own.created,
      ...sorted('createdAt'),
      cell: ({ createdAt }) => createdAt !== undefined && <Time at={createdAt} precision="day" />,
    },
  ];
}
