import { type components, isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { AccountPage } from '../../components/account-page.tsx';
import { Form } from '../../components/form.tsx';
import { Rows } from '../../components/rows.tsx';
import { Said } from '../../components/said.tsx';
import { Loaded } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { describeDevice } from '../../lib/device.ts';
import { useResource } from '../../lib/resource.ts';
import { Link } from '../../router.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.sessions;

/** Sessions that are shown at once: there may be a hundred. */
const PAGE_SIZE = 20;

type Session = components['schemas']['Session'];

/** Where one is signed in, with the way to end each session. */
export function Sessions() {
  const sessions = useResource(() => api.GET('/me/sessions'));
  const [count, setCount] = useState(PAGE_SIZE);
  const [done, setDone] = useState<{ readonly text: string }>();
  const ended = (text: string) => {
    setDone({ text });
    sessions.reload();
  };
  return (
    <AccountPage title={own.title} area="sessions">
      <p>
        {own.explain} <Link to="password">{own.changePassword}</Link>
      </p>
      <Said what={done}>{done?.text}</Said>
      <Loaded resource={sessions}>
        {(data) => {
          const all = currentFirst(data.sessions);
          return (
            <>
              <Others count={all.length - 1} done={() => ended(own.othersEnded)} />
              <Rows
                items={all.slice(0, count)}
                keyOf={({ id }) => id}
                more={count < all.length ? () => setCount(count + PAGE_SIZE) : undefined}
              >
                {(session) => <Row session={session} ended={() => ended(own.ended)} />}
              </Rows>
            </>
          );
        }}
      </Loaded>
    </AccountPage>
  );
}

function currentFirst(sessions: readonly Session[]): Session[] {
  return [...sessions.filter(({ current }) => current), ...sessions.filter(({ current }) => !current)];
}

function Row({ session, ended }: { readonly session: Session; readonly ended: () => void }) {
  const { id, ip, userAgent, createdAt, lastUsedAt, current } = session;
  const device = describeDevice(userAgent);
  const end = async () => {
    const result = await api.DELETE('/me/sessions/{id}', { params: { path: { id } } });
    // It may have ended by itself, or in another tab.
    const isEnded = result.error === undefined || isProblem(result.error, 'session-not-found');
    if (isEnded) ended();
    return isEnded ? {} : result;
  };
  return (
    <>
      <h2 title={userAgent}>
        <bdi>{device}</bdi> {current && <span class="badge">{own.current}</span>}
      </h2>
      <dl class="facts">
        <dt>{own.address}</dt>
        <dd>
          <bdi>{ip}</bdi>
        </dd>
        <dt>{own.signedIn}</dt>
        <dd>
          <Time at={createdAt} />
        </dd>
        <dt>{own.lastUsed}</dt>
        <dd>
          <Time at={lastUsedAt} />
        </dd>
      </dl>
      {!current && <Form submit={own.end} label={own.endLabel(device)} tone="plain" send={end} />}
    </>
  );
}

function Others({ count, done }: { readonly count: number; readonly done: () => void }) {
  const end = async () => {
    const result = await api.DELETE('/me/sessions');
    if (result.error === undefined) done();
    return result;
  };
  if (count === 0) return <p class="muted">{own.onlyThis}</p>;
  return <Form submit={own.endOthers(count)} tone="danger" send={end} />;
}
