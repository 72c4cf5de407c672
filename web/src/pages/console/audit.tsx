import { ConsolePage } from '../../components/console-page.tsx';
import { Notice } from '../../components/notice.tsx';
import { Listed, Table } from '../../components/table.tsx';
import { type AuditEvent, isAboutUser, readFilter } from '../../lib/audit.ts';
import { describeCount } from '../../lib/count.ts';
import { useLevels } from '../../lib/levels.ts';
import { useList } from '../../lib/list.ts';
import { usePeople } from '../../lib/people.ts';
import { useQuery } from '../../lib/query.ts';
import { api, auth } from '../../session.ts';
import { auditTexts as own } from '../../texts/console/audit.ts';
import { Chain } from './audit/chain.tsx';
import { columnsOf } from './audit/columns.tsx';
import { Exporter } from './audit/export.tsx';
import { Choices, Filters, Named } from './audit/filters.tsx';

const PAGE_SIZE = 25;

/** What has happened, newest first. */
export function Audit() {
  return (
    <ConsolePage title={own.title} screen="audit">
      <p>{own.explain}</p>
      <Content />
      {auth.can('getAuditChain') && (
        <div class="chain">
          <Chain />
        </div>
      )}
    </ConsolePage>
  );
}

function Content() {
  const query = useQuery();
  const { filter, unknown } = readFilter(query);
  const levels = useLevels();
  const list = useList<AuditEvent>(async (cursor) => {
    const page = { ...filter, limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) };
    const { data, error } = await api.GET('/audit-events', { params: { query: page } });
    return data === undefined ? { error } : { data: { items: data.events, nextCursor: data.nextCursor } };
  }, query.key);
  const { data } = list.page;
  const events = data?.items ?? [];
  const people = usePeople([...idsIn(events), ...[filter.actor, filter.target].flatMap((id) => id ?? [])]);
  const isBackwards = (filter.from ?? '') > (filter.until ?? '9');
  return (
    <>
      <Choices />
      <Filters query={query} filter={filter} />
      <Named filter={filter} people={people} />
      {unknown !== undefined && <Notice tone="warning">{own.filters.unknown(unknown)}</Notice>}
      <div class="above-list">
        <p class="muted" role="status">
          {data !== undefined && events.length > 0 && describe(events.length, data.nextCursor === null)}
        </p>
        <button type="button" class="button" onClick={list.page.reload}>
          {own.reload}
        </button>
      </div>
      <Exporter key={query.key} filter={filter} />
      <Listed list={list} empty={isBackwards ? own.backwards : own.nothing}>
        {(items) => (
          <div class="events">
            <Table
              caption={own.title}
              columns={columnsOf(people, levels.data)}
              items={items}
              keyOf={({ id }) => id}
            />
          </div>
        )}
      </Listed>
    </>
  );
}

/** The ids of users in some events. */
function idsIn(events: readonly AuditEvent[]): string[] {
  return events.flatMap(({ action, actorId, targetId }) => [
    ...(actorId === null ? [] : [actorId]),
    ...(targetId === null || !isAboutUser(action) ? [] : [targetId]),
  ]);
}

function describe(count: number, isLast: boolean): string {
  return count === 1 && isLast ? own.oneEvent : own.count(describeCount(count), isLast);
}
