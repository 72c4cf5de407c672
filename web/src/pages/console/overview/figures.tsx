import type { ComponentChildren } from 'preact';
import { Part } from '../../../components/part.tsx';
import { Time } from '../../../components/time.tsx';
import { describeCount } from '../../../lib/count.ts';
import { Link } from '../../../router.tsx';
import { auth } from '../../../session.ts';
import { overviewTexts } from '../../../texts/console/overview.ts';
import type { ControlPanel } from './panel.ts';

const own = overviewTexts.figures;

/** What an admin has to know first. */
export function Figures({ panel }: { readonly panel: ControlPanel }) {
  const { users, activeSessions, activeSessionsAsOf, pendingRegistrations, pendingInvitations } = panel;
  const { undeliveredMails, withoutSecondFactor } = panel;
  const invitations = describeCount(pendingInvitations);
  return (
    <Part title={overviewTexts.now}>
      <dl class="figures">
        <Figure title={own.users} note={own.disabled(users.disabled)}>
          <Link to="users">{describeCount(users.total)}</Link>
        </Figure>
        <Figure
          title={own.sessions}
          note={
            <>
              {own.sessionsAsOf} <Time at={activeSessionsAsOf} precision="second" />
            </>
          }
        >
          {describeCount(activeSessions)}
        </Figure>
        <Figure title={own.registrations}>{describeCount(pendingRegistrations)}</Figure>
        <Figure title={own.invitations}>
          {auth.can('listInvitations') ? <Link to="invitations">{invitations}</Link> : invitations}
        </Figure>
        <Figure title={own.mails} note={undeliveredMails > 0 && own.mailsWait}>
          {describeCount(undeliveredMails)}
        </Figure>
        <Figure title={own.withoutSecondFactor} note={own.whoWithout}>
          {describeCount(withoutSecondFactor)}
        </Figure>
      </dl>
      {withoutSecondFactor > 0 && <WithoutSecondFactor users={users} />}
    </Part>
  );
}

interface FigureProps {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}

function Figure({ title, note, children }: FigureProps) {
  return (
    <div>
      <dt>{title}</dt>
      <dd class="figure">{children}</dd>
      {note && <dd class="muted">{note}</dd>}
    </div>
  );
}

/** What to do where people have a high level and one factor. */
function WithoutSecondFactor({ users: { byAccess } }: Pick<ControlPanel, 'users'>) {
  // The list of the highest level with people shows their second factors.
  const top = byAccess.findLast(({ count }) => count > 0);
  return (
    <details class="advice">
      <summary>{own.whatToDo}</summary>
      <p>{own.help}</p>
      {top !== undefined && (
        <p>
          <Link to="users" search={`?access=${top.access}`}>
            {own.admins}
          </Link>
        </p>
      )}
    </details>
  );
}
