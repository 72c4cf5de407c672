import type { components } from '@latchkey/client';
import { AccountPage } from '../../components/account-page.tsx';
import { Rows } from '../../components/rows.tsx';
import { Empty, Failed, Loading } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { describeDevice } from '../../lib/device.ts';
import { usePages } from '../../lib/pages.ts';
import { api, useAuth } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.activity;
const actions: Readonly<Record<string, string>> = texts.account.actions;

const PAGE_SIZE = 25;

type Event = components['schemas']['AuditEvent'];

/** What happened to one's own account, newest first. */
export function Activity() {
  const { items, error, isLoading, hasMore, more } = usePages(async (cursor) => {
    const query = { limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) };
    const { data, error } = await api.GET('/me/activity', { params: { query } });
    return data === undefined ? { error } : { data: { items: data.events, nextCursor: data.nextCursor } };
  });
  return (
    <AccountPage title={own.title} area="activity">
      <p>{own.explain}</p>
      {items === undefined ? (
        isLoading ? (
          <Loading />
        ) : (
          <Failed error={error} retry={more} />
        )
      ) : items.length === 0 ? (
        <Empty />
      ) : (
        <Rows
          items={items}
          keyOf={({ id }) => id}
          more={hasMore ? more : undefined}
          isLoading={isLoading}
          error={error}
        >
          {(event) => <Row event={event} />}
        </Rows>
      )}
    </AccountPage>
  );
}

function Row({ event }: { readonly event: Event }) {
  const { action, actorId, targetId, before, after, count, createdAt, ip, userAgent } = event;
  const { userId } = useAuth();
  // An action of a newer service has no text yet.
  const what = Object.hasOwn(actions, action) ? actions[action] : action;
  return (
    <>
      <p class="event">
        <strong>{what}</strong> {whoDid(actorId, userId)}
        {targetId !== null && targetId !== userId && <> {own.other}</>}
        {count > 1 && <>, {own.times(count)}</>}
      </p>
      {action === 'user.access-changed' && (
        <p class="event">{own.levels(before?.access ?? '?', after?.access ?? '?')}</p>
      )}
      <p class="event muted">
        <Time at={createdAt} />
        {ip !== null && (
          <>
            {' · '}
            <bdi>{ip}</bdi>
          </>
        )}
        {userAgent !== null && (
          <>
            {' · '}
            <bdi title={userAgent}>{describeDevice(userAgent)}</bdi>
          </>
        )}
      </p>
    </>
  );
}

function whoDid(actorId: string | null, userId: string | undefined): string {
  if (actorId === null) return own.service;
  return actorId === userId ? own.you : own.admin;
}
