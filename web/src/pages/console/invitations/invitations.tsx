import { useState } from 'preact/hooks';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Notice } from '../../../components/notice.tsx';
import { PersonLink } from '../../../components/person-link.tsx';
import { Said } from '../../../components/said.tsx';
import { type Column, Listed, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { useList } from '../../../lib/list.ts';
import { type People, usePeople } from '../../../lib/people.ts';
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

/** What was done last, to which address, and when. */
interface Done {
  readonly outcome: ActionOutcome;
  readonly email: string;
  readonly at: number;
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
  const people = usePeople((list.page.data?.items ?? []).map(({ inviterId }) => inviterId));
  const finish = (outcome: ActionOutcome, email: string) => {
    setDone({ outcome, email, at: Date.now() });
    list.page.reload();
  };
  const columns = columnsOf({ hasMail: settings?.mail ?? false, people, finish, revoke: setRevoking });
  return (
    <>
      <Said
        what={done}
        tone={done?.outcome === 'resent' || done?.outcome === 'revoked' ? 'success' : 'warning'}
      >
        {done !== undefined && <Message done={done} />}
      </Said>
      {settings?.mail === false && <Notice>{own.noMail}</Notice>}
      {settings?.mail === true && auth.can('getControlPanel') && <Undelivered at={done?.at} />}
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
            finish(outcome, revoking.email);
          }}
        />
      )}
    </>
  );
}

function Message({ done: { outcome, email } }: { readonly done: Done }) {
  return (
    <>
      <bdi>{own.outcomes[outcome](email)}</bdi>{' '}
      {outcome === 'revoked' && auth.can('inviteUser') && (
        <Link to="invite" email={email}>
          {own.again}
        </Link>
      )}
    </>
  );
}

/** Says how many mails wait for the mail server. @param at when one may have been sent last */
function Undelivered({ at }: { readonly at: number | undefined }) {
  const { data } = useResource(() => api.GET('/control-panel'), String(at));
  const count = data?.undeliveredMails ?? 0;
  return count > 0 ? <Notice tone="warning">{own.waiting(count)}</Notice> : null;
}

interface ColumnOptions {
  readonly hasMail: boolean;
  readonly people: People;
  readonly finish: (outcome: ActionOutcome, email: string) => void;
  readonly revoke: (invitation: Invitation) => void;
}

function columnsOf({ hasMail, people, finish, revoke }: ColumnOptions): readonly Column<Invitation>[] {
  const { columns } = own;
  return [
    { title: columns.email, cell: ({ email, name }) => <Invited email={email} name={name} /> },
    { title: columns.level, cell: ({ accessName }) => <span class="badge">{accessName}</span> },
    { title: columns.by, cell: ({ inviterId }) => <PersonLink id={inviterId} people={people} /> },
    { title: columns.when, cell: ({ createdAt }) => <Time at={createdAt} precision="day" /> },
    { title: columns.until, cell: ({ expiresAt }) => <Until at={expiresAt} /> },
    {
      title: columns.actions,
      cell: (invitation) => (
        <div class="row-actions">
          {hasMail && auth.can('resendInvitation') && (
            <Resend invitation={invitation} done={(outcome) => finish(outcome, invitation.email)} />
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
