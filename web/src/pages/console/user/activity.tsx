import { useEffect, useRef } from 'preact/hooks';
import { Part } from '../../../components/part.tsx';
import { Listed, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { describeDevice } from '../../../lib/device.ts';
import { Link } from '../../../router.tsx';
import { useAuth } from '../../../session.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { texts } from '../../../texts.ts';
import { EventValues } from './event-values.tsx';
import { type Event, useEvents } from './events.ts';
import type { PartProps } from './opens.tsx';

const own = userTexts.activity;
const actions: Readonly<Record<string, string>> = texts.account.actions;

/** What the user did, and what was done to the user. */
export function Activity({ shown, levels, changes }: PartProps) {
  const { id } = shown.user;
  const list = useEvents(id, String(changes));
  const { previous, page } = list;
  // What others do shows on the first page; a reader who is further down stays there.
  const seen = useRef(shown.etag);
  useEffect(() => {
    if (seen.current !== shown.etag && previous === undefined) page.reload();
    seen.current = shown.etag;
  }, [shown.etag]);
  return (
    <Part title={own.title}>
      <p>{own.explain}</p>
      <Listed list={list}>
        {(events) => (
          <div class="activity">
            <Table
              caption={own.caption}
              items={events}
              keyOf={(event) => event.id}
              columns={[
                { title: own.time, cell: ({ createdAt }) => <Time at={createdAt} /> },
                { title: own.what, cell: (event) => <What event={event} userId={id} /> },
                { title: own.values, cell: (event) => <EventValues event={event} levels={levels} /> },
                { title: own.who, cell: ({ actorId }) => <Who id={actorId} userId={id} /> },
                { title: own.from, cell: (event) => <From event={event} /> },
              ]}
            />
          </div>
        )}
      </Listed>
    </Part>
  );
}

function What({ event, userId }: { readonly event: Event; readonly userId: string }) {
  const { action, count, reason, targetId } = event;
  // An action of a newer service has no text yet.
  const what = Object.hasOwn(actions, action) ? actions[action] : action;
  return (
    <>
      <strong>{what}</strong>
      {count > 1 && <>, {own.times(count)}</>}
      {targetId !== null && targetId !== userId && action.startsWith('user.') && (
        <>
          {' '}
          <Link to="user" id={targetId}>
            {own.onOther}
          </Link>
        </>
      )}
      {reason !== null && (
        <p class="event muted">
          {own.reason} <bdi>{reason}</bdi>
        </p>
      )}
    </>
  );
}

function Who({ id, userId }: { readonly id: string | null; readonly userId: string }) {
  const { userId: ownId } = useAuth();
  if (id === null) return own.service;
  if (id === ownId) return own.you;
  if (id === userId) return own.person;
  return (
    <Link to="user" id={id}>
      {own.other}
    </Link>
  );
}

function From({ event: { ip, userAgent } }: { readonly event: Event }) {
  if (ip === null && userAgent === null) return own.nothing;
  return (
    <>
      {ip !== null && <bdi>{ip}</bdi>}
      {ip !== null && userAgent !== null && ' · '}
      {userAgent !== null && <bdi title={userAgent}>{describeDevice(userAgent)}</bdi>}
    </>
  );
}
