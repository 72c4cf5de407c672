import { type components, isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { Dialog } from '../../../components/dialog.tsx';
import { Form } from '../../../components/form.tsx';
import { Part } from '../../../components/part.tsx';
import { Empty, Loaded } from '../../../components/states.tsx';
import { type Column, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { describeDevice } from '../../../lib/device.ts';
import { useResource } from '../../../lib/resource.ts';
import { api } from '../../../session.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { texts } from '../../../texts.ts';
import { Opens, type PartProps } from './opens.tsx';

const own = userTexts.sessions;

/** Sessions that are shown at once: there may be a hundred. */
const PAGE_SIZE = 10;

type Session = components['schemas']['Session'];

/** Where the user is signed in, with the ways to end it. */
export function UserSessions({ shown, rights, changes, done }: PartProps) {
  const { id } = shown.user;
  const [count, setCount] = useState(PAGE_SIZE);
  const sessions = useResource(
    () => api.GET('/users/{id}/sessions', { params: { path: { id } } }),
    [shown.etag, changes].join(),
  );
  const columns: Column<Session>[] = [
    {
      title: own.device,
      cell: ({ userAgent, current }) => (
        <>
          <bdi title={userAgent}>{describeDevice(userAgent)}</bdi>{' '}
          {current && <span class="badge">{texts.account.sessions.current}</span>}
        </>
      ),
    },
    { title: own.address, cell: ({ ip }) => <bdi>{ip}</bdi> },
    { title: own.signedIn, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { title: own.lastUsed, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
  ];
  if (rights.can('endUserSession'))
    columns.push({
      title: own.action,
      // One's own is ended by signing out.
      cell: (session) => !session.current && <EndSession userId={id} session={session} done={done} />,
    });
  return (
    <Part title={own.title}>
      <Loaded resource={sessions}>
        {({ sessions: all }) =>
          all.length === 0 ? (
            <Empty>{own.empty}</Empty>
          ) : (
            <>
              <Table
                caption={own.caption}
                columns={columns}
                items={all.slice(0, count)}
                keyOf={(session) => session.id}
              />
              <div class="actions">
                {count < all.length && (
                  <button type="button" class="button" onClick={() => setCount(count + PAGE_SIZE)}>
                    {own.more}
                  </button>
                )}
                {rights.can('endUserSessions') && (
                  <Opens label={own.endAll} done={done}>
                    {(end) => <EndAll id={id} isSelf={rights.isSelf} end={end} />}
                  </Opens>
                )}
              </div>
            </>
          )
        }
      </Loaded>
    </Part>
  );
}

interface EndSessionProps {
  readonly userId: string;
  readonly session: Session;
  readonly done: PartProps['done'];
}

function EndSession({ userId, session: { id: sessionId, userAgent }, done }: EndSessionProps) {
  const end = async () => {
    const path = { id: userId, sessionId };
    const result = await api.DELETE('/users/{id}/sessions/{sessionId}', { params: { path } });
    // It may have ended by itself, or by another admin.
    const isEnded = result.error === undefined || isProblem(result.error, 'session-not-found');
    if (isEnded) done(own.ended);
    return isEnded ? {} : result;
  };
  return <Form submit={own.end} label={own.endLabel(describeDevice(userAgent))} tone="plain" send={end} />;
}

interface EndAllProps {
  readonly id: string;
  readonly isSelf: boolean;
  readonly end: (text?: string) => void;
}

function EndAll({ id, isSelf, end }: EndAllProps) {
  const send = async () => {
    const result = await api.DELETE('/users/{id}/sessions', { params: { path: { id } } });
    if (result.error === undefined) end(own.allEnded);
    return result;
  };
  return (
    <Dialog title={own.endAll} close={end}>
      <p>{own.endAllText}</p>
      {isSelf && <p>{own.endAllSelf}</p>}
      <Form submit={own.endAllSubmit} tone="danger" send={send} />
    </Dialog>
  );
}
