import { useEffect, useRef, useState } from 'preact/hooks';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Person } from '../../../components/person.tsx';
import { type Column, Listed, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { useList } from '../../../lib/list.ts';
import { useResource } from '../../../lib/resource.ts';
import { useSettings } from '../../../lib/settings.ts';
import { Link } from '../../../router.tsx';
import { api, auth, useAuth } from '../../../session.ts';
import { invitationsTexts as own } from '../../../texts/console/invitations.ts';
import { type ActionOutcome, type Invitation, Resend, RevokeDialog } from './actions.tsx';

const PAGE_SIZE = 50;

/** The invitations that are not accepted yet, with the ways to send them again and to take them back. */
export function Invitations() {
  return (
    <ConsolePage title={own.title} screen="invitations">
      <Open />
    </ConsolePage>
  );
}

/** What was done last, and to which address. */
interface Done {
  readonly outcome: ActionOutcome;
  readonly email: string;
}

function Open() {
  const { access } = useAuth();
  const list = useList<Invitation>(async (cursor) => {
    const query = { limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) };
    const { data, error } = await api.GET('/invitations', { params: { query } });
    return data === undefined
      ? { error }
      : { data: { items: data.invitations, nextCursor: data.nextCursor } };
  }, String(access));
  const { data: settings } = useSettings();
  const [revoking, setRevoking] = useState<Invitation>();
  const [done, setDone] = useState<Done>();
  const message = useRef<HTMLDivElement>(null);
  // The button that was pressed goes with its row.
  useEffect(() => {
    if (done !== undefined) message.current?.focus();
  }, [done]);
  const finish = (what: Done) => {
    setDone(what);
    list.page.reload();
  };
  const columns = columnsOf({ hasMail: settings?.mail ?? false, finish, revoke: setRevoking });
  return (
    <>
      <div ref={message} role="status" tabIndex={-1}>
        {done !== undefined && <Message done={done} />}
      </div>
      {settings?.mail === false && <Notice>{own.noMail}</Notice>}
      {settings?.mail === true && auth.can('getControlPanel') && <Undelivered at={done} />}
      {auth.can('inviteUser') && (
        <div class="actions">
          <Link to="invite" class="button primary">
            {own.invite}
          </Link>
        </div>
      )}
      <Listed list={list} empty={own.empty}>
        {(items) => (
          <div class="people-table">
            <Table caption={own.caption} columns={columns} items={items} keyOf={({ id }) => id} />
          </div>
        )}
      </Listed>
      {revoking !== undefined && (
        <RevokeDialog
          invitation={revoking}
          close={() => setRevoking(undefined)}
          done={(outcome) => {
            setRevoking(undefined);
            finish({ outcome, email: revoking.email });
          }}
        />
      )}
    </>
  );
}

function Message({ done: { outcome, email } }: { readonly done: Done }) {
  return (
    <Notice tone={outcome === 'resent' || outcome === 'revoked' ? 'success' : 'warning'}>
      <bdi>{own.outcomes[outcome](email)}</bdi>{' '}
      {outcome === 'revoked' && auth.can('inviteUser') && (
        <Link to="invite" email={email}>
          {own.again}
        </Link>
      )}
    </Notice>
  );
}

/** Says how many mails wait for the mail server. @param at what was done last: it may have sent one */
function Undelivered({ at }: { readonly at: Done | undefined }) {
  const { data } = useResource(() => api.GET('/control-panel'), JSON.stringify(at));
  const count = data?.undeliveredMails ?? 0;
  return count > 0 ? <Notice tone="warning">{own.waiting(count)}</Notice> : null;
}

interface ColumnOptions {
  readonly hasMail: boolean;
  readonly finish: (done: Done) => void;
  readonly revoke: (invitation: Invitation) => void;
}

function columnsOf({ hasMail, finish, revoke }: ColumnOptions): readonly Column<Invitation>[] {
  const { columns } = own;
  return [
    { title: columns.email, cell: ({ email, name }) => <Invited email={email} name={name} /> },
    { title: columns.level, cell: ({ accessName }) => <span class="badge">{accessName}</span> },
    { title: columns.by, cell: ({ inviterId }) => <Person id={inviterId} /> },
    { title: columns.when, cell: ({ createdAt }) => <Time at={createdAt} precision="day" /> },
    { title: columns.until, cell: ({ expiresAt }) => <Until at={expiresAt} /> },
    {
      title: columns.actions,
      cell: (invitation) => (
        <div class="row-actions">
          {hasMail && auth.can('resendInvitation') && (
            <Resend
              invitation={invitation}
              done={(outcome) => finish({ outcome, email: invitation.email })}
            />
          )}
          {auth.can('revokeInvitation') && (
            <button
              type="button"
              class="button"
              aria-label={own.revokeOf(invitation.email)}
              onClick={() => revoke(invitation)}
            >
              {own.revoke}
            </button>
          )}
        </div>
      ),
    },
  ];
}

function Invited({ email, name }: Pick<Invitation, 'email' | 'name'>) {
  return (
    <>
      <bdi class="value">{email}</bdi>
      {name !== null && (
        <>
          <br />
          <bdi dir="auto" class="muted">
            {name}
          </bdi>
        </>
      )}
    </>
  );
}

function Until({ at }: { readonly at: string }) {
  return (
    <>
      <Time at={at} precision="day" />{' '}
      {Date.parse(at) <= Date.now() && <span class="badge warning">{own.expired}</span>}
    </>
  );
}
