import type { components } from '@latchkey/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Said } from '../../../components/said.tsx';
import { Listed, Table } from '../../../components/table.tsx';
import { useCan } from '../../../lib/can.ts';
import { isWhole, type User } from '../../../lib/change-as-shown.ts';
import { type List, useList } from '../../../lib/list.ts';
import { useQuery } from '../../../lib/query.ts';
import { Link } from '../../../router.tsx';
import { api, useAuth } from '../../../session.ts';
import { usersTexts as own } from '../../../texts/console/users.ts';
import { columnsOf } from './columns.tsx';
import { Filters } from './filters.tsx';
import { readListing, toApiQuery } from './listing.ts';
import { Several } from './several.tsx';

/** People on one page. */
const PAGE_SIZE = 50;

/** All people, with the ways to find one and to change several at once. */
export function Users() {
  return (
    <ConsolePage title={own.title} screen="users">
      <People />
    </ConsolePage>
  );
}

type VisibleUser = components['schemas']['VisibleUser'];

/** The people who are chosen, with the filters with which they were: other filters begin anew. */
interface Chosen {
  readonly key: string;
  readonly people: ReadonlyMap<string, User>;
}

function People() {
  const { userId, access } = useAuth();
  const { can } = useCan();
  const isAdmin = can('changeUser');
  const query = useQuery();
  const listing = readListing(query, isAdmin);
  const key = JSON.stringify([access, isAdmin, toApiQuery(listing)]);
  const list = useUsers(key, toApiQuery(listing));
  const [chosen, setChosen] = useState<Chosen>({ key, people: new Map() });
  const people = chosen.key === key ? chosen.people : new Map<string, User>();
  // Also when the reader comes back to the filters: those who were chosen are not expected then.
  useEffect(() => setChosen({ key, people: new Map() }), [key]);
  const [done, setDone] = useState<{ readonly text: string }>();
  const isFiltered = listing.q !== '' || listing.access !== undefined || listing.state !== undefined;
  // Of the page alone: those of other pages stay chosen.
  const select = (items: readonly VisibleUser[]) => ({
    ids: new Set(people.keys()),
    set: (ids: ReadonlySet<string>) => {
      const others = [...people].filter(([id]) => !items.some((item) => item.id === id));
      const here = items
        .filter(isWhole)
        .flatMap((item) => (ids.has(item.id) ? [[item.id, item] as const] : []));
      setChosen({ key, people: new Map([...others, ...here]) });
    },
  });
  const finish = (text: string, left: readonly User[]) => {
    setDone({ text });
    setChosen({ key, people: new Map(left.map((user) => [user.id, user])) });
    list.page.reload();
  };
  return (
    <>
      <Filters query={query} listing={listing} isAdmin={isAdmin} />
      <Said what={done}>{done?.text}</Said>
      <div class="list-head">
        <Count list={list} />
        {can('inviteUser') && (
          <Link to="invite" class="button">
            {own.invite}
          </Link>
        )}
      </div>
      <Listed list={list} empty={isFiltered ? own.nothingFound : own.empty}>
        {(items) => (
          <div class="people-table">
            <Table
              caption={own.caption}
              columns={columnsOf({ listing, isAdmin, userId, sortBy: (sort) => query.set({ sort }) })}
              items={items}
              keyOf={({ id }) => id}
              nameOf={({ name }) => name}
              {...(isAdmin && { selection: select(items) })}
            />
          </div>
        )}
      </Listed>
      {isAdmin && people.size > 0 && (
        <Several
          people={[...people.values()]}
          ownId={userId}
          clear={() => setChosen({ key, people: new Map() })}
          finish={finish}
        />
      )}
    </>
  );
}

/** Loads one page of the list. What was asked for before is no longer waited for. */
function useUsers(key: string, query: ReturnType<typeof toApiQuery>): List<VisibleUser> {
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  return useList<VisibleUser>(async (cursor) => {
    running.current?.abort();
    const request = new AbortController();
    running.current = request;
    const params = { query: { ...query, limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) } };
    const { data, error } = await api.GET('/users', { params, signal: request.signal });
    return data === undefined ? { error } : { data: { items: data.users, nextCursor: data.nextCursor } };
  }, key);
}

/** Says how many are shown: after a search, for people who do not see the table. */
function Count({ list: { page, next } }: { readonly list: List<VisibleUser> }) {
  const { data, isLoading, error } = page;
  return (
    <p class="muted" role="status">
      {data !== undefined &&
        !isLoading &&
        error === undefined &&
        data.items.length > 0 &&
        own.shown(data.items.length, next !== undefined)}
    </p>
  );
}
