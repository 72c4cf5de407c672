import { useState } from 'preact/hooks';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Said } from '../../../components/said.tsx';
import { Listed, Table } from '../../../components/table.tsx';
import { isWhole, type User } from '../../../lib/change-as-shown.ts';
import { useFollow } from '../../../lib/follow.ts';
import { useList } from '../../../lib/list.ts';
import { api, useAuth } from '../../../session.ts';
import { elevatedTexts as own } from '../../../texts/console/elevated.ts';
import { useColumns } from './columns.tsx';
import { EndDialog } from './end-dialog.tsx';

const PAGE_SIZE = 50;

/** Milliseconds between two looks at who is elevated, while the page is visible. */
const FOLLOW_INTERVAL_MS = 5_000;

/** The people who have a higher level for a limited time, with the way to end it. */
export function Elevated() {
  return (
    <ConsolePage title={own.title} screen="elevated">
      <People />
    </ConsolePage>
  );
}

function People() {
  const { access } = useAuth();
  const list = useList<User>(async (cursor) => {
    const query = { elevated: true, limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) } as const;
    const { data, error } = await api.GET('/users', { params: { query } });
    return data === undefined
      ? { error }
      : { data: { items: data.users.filter(isWhole), nextCursor: data.nextCursor } };
  }, String(access));
  const { page } = list;
  useFollow(page, FOLLOW_INTERVAL_MS, nextEnd(page.data?.items));
  const [ending, setEnding] = useState<User>();
  const [ended, setEnded] = useState<User>();
  const columns = useColumns(setEnding);
  // What is shown stays as it is while it is loaded again.
  const steady = page.data === undefined ? page : { ...page, isLoading: false };
  return (
    <>
      <p>{own.explain}</p>
      <Said what={ended}>{ended !== undefined && <bdi>{own.ended(ended.name)}</bdi>}</Said>
      <Listed list={{ ...list, page: steady }} empty={own.empty}>
        {(items) => (
          <div class="people-table">
            <Table caption={own.caption} columns={columns} items={items} keyOf={({ id }) => id} />
          </div>
        )}
      </Listed>
      {ending !== undefined && (
        <EndDialog
          user={ending}
          close={() => setEnding(undefined)}
          ended={() => {
            setEnding(undefined);
            setEnded(ending);
            page.reload();
          }}
        />
      )}
    </>
  );
}

/** The moment at which the next elevation ends, in milliseconds since 1970. */
function nextEnd(users: readonly User[] = []): number | undefined {
  const ends = users
    .map(({ accessUntil }) => Date.parse(accessUntil ?? ''))
    .filter((end) => end > Date.now());
  return ends.length === 0 ? undefined : Math.min(...ends);
}
