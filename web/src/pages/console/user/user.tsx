import { useEffect, useRef, useState } from 'preact/hooks';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Notice } from '../../../components/notice.tsx';
import { ProveButton } from '../../../components/prove-button.tsx';
import { Said } from '../../../components/said.tsx';
import { Loaded, Loading } from '../../../components/states.tsx';
import { type Grants, useGrants } from '../../../lib/grants.ts';
import { Link, navigate, useLocation } from '../../../router.tsx';
import { useAuth } from '../../../session.ts';
import { userTexts as own } from '../../../texts/console/user.ts';
import { texts } from '../../../texts.ts';
import { Access } from './access.tsx';
import { Account } from './account.tsx';
import { Activity } from './activity.tsx';
import { Authenticators } from './authenticators.tsx';
import { useLevels } from './levels.ts';
import type { PartProps } from './opens.tsx';
import { type Rights, type Shown, type User as UserData, useRights, useUser } from './person.ts';
import { Remove } from './remove.tsx';
import { UserApiKeys } from './user-api-keys.tsx';
import { UserSessions } from './user-sessions.tsx';

/** A user: who it is, what the user may do, and everything that an admin can do about it. */
export function User() {
  const { id = '' } = useLocation();
  return (
    <ConsolePage title={own.title} screen="users">
      <Found id={id} />
    </ConsolePage>
  );
}

function Found({ id }: { readonly id: string }) {
  const found = useUser(id);
  const grants = useGrants();
  const [isDeleted, setDeleted] = useState(false);
  if (isDeleted) return <Gone title={own.remove.doneTitle} text={own.remove.done} />;
  return (
    <Loaded resource={found}>
      {(data) =>
        data === 'gone' ? (
          <Gone title={own.goneTitle} text={own.gone} />
        ) : data.user.kind === 'service' ? (
          <ToServiceAccount id={id} />
        ) : (
          <Loaded resource={grants}>
            {(grants) => (
              <Person grants={grants} shown={data} reload={found.reload} deleted={() => setDeleted(true)} />
            )}
          </Loaded>
        )
      }
    </Loaded>
  );
}

function ToServiceAccount({ id }: { readonly id: string }) {
  useEffect(() => navigate('serviceAccount', { id, replace: true }), [id]);
  return <Loading />;
}

function Gone({ title, text }: { readonly title: string; readonly text: string }) {
  const part = useRef<HTMLDivElement>(null);
  useEffect(() => part.current?.focus(), []);
  return (
    <div ref={part} class="step" role="status" tabIndex={-1}>
      <h2>{title}</h2>
      <p>{text}</p>
      <p>
        <Link to="users">{own.back}</Link>
      </p>
    </div>
  );
}

interface PersonProps {
  readonly grants: Grants;
  readonly shown: Shown;
  readonly reload: () => void;
  readonly deleted: () => void;
}

function Person({ grants, shown, reload, deleted }: PersonProps) {
  const { access2 } = useAuth();
  const rights = useRights(shown.user, grants);
  const levels = useLevels();
  const [said, setSaid] = useState<{ readonly text: string; readonly changes: number }>();
  // A name of a level would be a number for a moment.
  if (levels.isPending) return <Loading />;
  const changes = said?.changes ?? 0;
  const done = (text?: string) => {
    if (text !== undefined) setSaid({ text, changes: changes + 1 });
    reload();
  };
  const props: PartProps = { shown, rights, levels, changes, done };
  return (
    <>
      <Heading user={shown.user} rights={rights} />
      <Said what={said}>{said?.text}</Said>
      {access2 !== undefined && <More />}
      <div class="user-top">
        <Account {...props} />
        <Access {...props} />
        {rights.can('listUserAuthenticators') && <Authenticators {...props} />}
      </div>
      {rights.can('listUserSessions') && <UserSessions {...props} />}
      {rights.can('listUserApiKeys') && <UserApiKeys {...props} />}
      {rights.can('listAuditEvents') && <Activity {...props} />}
      <Remove {...props} deleted={deleted} />
      <nav class="links" aria-label={texts.account.back}>
        <Link to="users">{own.back}</Link>
      </nav>
    </>
  );
}

function Heading({ user, rights }: { readonly user: UserData; readonly rights: Rights }) {
  const { name, disabled, accessUntil } = user;
  return (
    <>
      <p class="user-name">
        <bdi>{name}</bdi> {rights.isSelf && <span class="badge">{own.badges.self}</span>}{' '}
        {disabled && <span class="badge wrong">{own.badges.disabled}</span>}{' '}
        {typeof accessUntil === 'string' && <span class="badge">{own.badges.temporary}</span>}
      </p>
      {rights.isSelf && (
        <p>
          {own.self} <Link to="home">{own.selfLink}</Link>
        </p>
      )}
      {rights.isAbove && <Notice>{own.above}</Notice>}
    </>
  );
}

/** A session with one factor, of an admin whose level asks for two, sees as little as that of a user. */
function More() {
  return (
    <Notice>
      <p>{own.more}</p>
      <ProveButton />
    </Notice>
  );
}
