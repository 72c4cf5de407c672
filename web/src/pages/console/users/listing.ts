import type { operations } from '@latchkey/client';
import { type Access, toAccess } from '../../../lib/levels.ts';
import type { Query } from '../../../lib/query.ts';

type ApiQuery = NonNullable<operations['listUsers']['parameters']['query']>;

/** What a list can be sorted by. */
export type SortField = 'createdAt' | 'name' | 'email';
export type Sort = SortField | `-${SortField}`;

/** States of accounts that can be listed alone. */
export const STATES = ['active', 'disabled', 'elevated'] as const;
type State = (typeof STATES)[number];

/** The filters and the order of the list, as the address has them. */
export interface Listing {
  /** What names or addresses begin with. */
  readonly q: string;
  /** What `q` searches. */
  readonly searches: 'name' | 'email';
  readonly access: Access | undefined;
  readonly state: State | undefined;
  readonly sort: Sort;
  /** The orders that there are: with a search, only those by what is searched. */
  readonly sorts: readonly Sort[];
}

const ALL: readonly Sort[] = ['-createdAt', 'createdAt', 'name', '-name', 'email', '-email'];

/**
 * Reads the filters from the address. What is not for the reader is left out: the service would refuse it.
 *
 * @param isAdmin true for people to whom the service shows addresses and states
 */
export function readListing(query: Query, isAdmin: boolean): Listing {
  const q = query.get('q');
  // A name has no @, so that an address is found where it was pasted.
  const searches = isAdmin && (query.get('by') === 'email' || q.includes('@')) ? 'email' : 'name';
  const sorts = ALL.filter((sort) => {
    const field = fieldOf(sort);
    return (isAdmin || field !== 'email') && (q === '' || field === searches);
  });
  const wanted = query.get('sort');
  const fallback = q === '' ? (isAdmin ? '-createdAt' : 'name') : searches;
  return {
    q,
    searches,
    sort: sorts.find((sort) => sort === wanted) ?? fallback,
    sorts,
    access: isAdmin ? toAccess(query.get('access')) : undefined,
    state: isAdmin ? STATES.find((state) => state === query.get('state')) : undefined,
  };
}

/** Returns the list as the service is asked for it. */
export function toApiQuery({ q, access, state, sort }: Listing): ApiQuery {
  return {
    sort,
    ...(q !== '' && { q }),
    ...(access !== undefined && { access }),
    ...(state === 'elevated' ? { elevated: true } : state && { disabled: state === 'disabled' }),
  };
}

export function fieldOf(sort: Sort): SortField {
  if (sort.endsWith('createdAt')) return 'createdAt';
  return sort.endsWith('email') ? 'email' : 'name';
}
