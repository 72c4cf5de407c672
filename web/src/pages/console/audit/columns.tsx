import { PersonLink } from '../../../components/person-link.tsx';
import type { Column } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { type AuditEvent, isAboutUser } from '../../../lib/audit.ts';
import { describeCount } from '../../../lib/count.ts';
import { describeDevice } from '../../../lib/device.ts';
import type { Level } from '../../../lib/levels.ts';
import type { People } from '../../../lib/people.ts';
import { auditTexts as own } from '../../../texts/console/audit.ts';
import { Changes } from './changes.tsx';
import { More } from './more.tsx';

const actions: Readonly<Record<string, string>> = own.actions;

/** The columns of the audit: when, what, who, to whom, and from where. */
export function columnsOf(
  people: People,
  levels: readonly Level[] | undefined,
): readonly Column<AuditEvent>[] {
  return [
    { title: own.columns.when, cell: ({ createdAt }) => <Time at={createdAt} precision="second" /> },
    { title: own.columns.what, cell: (event) => <Happened event={event} levels={levels} /> },
    { title: own.columns.who, cell: (event) => <Actor event={event} people={people} /> },
    { title: own.columns.whom, cell: (event) => <Target event={event} people={people} /> },
    { title: own.columns.where, cell: (event) => <Origin event={event} /> },
  ];
}

interface HappenedProps {
  readonly event: AuditEvent;
  readonly levels: readonly Level[] | undefined;
}

function Happened({ event, levels }: HappenedProps) {
  const { action, before, after, reason, count } = event;
  return (
    <>
      {/* An action of a newer service has no text yet. */}
      <strong>{Object.hasOwn(actions, action) ? actions[action] : action}</strong>
      {count > 1 && <>, {own.times(describeCount(count))}</>}
      {reason !== null && (
        <p class="reason">
          {own.reason} <bdi dir="auto">{reason}</bdi>
        </p>
      )}
      <Changes before={before} after={after} levels={levels} />
    </>
  );
}

interface UserProps {
  readonly event: AuditEvent;
  readonly people: People;
}

function Actor({ event: { actorId, apiKeyId, requestId }, people }: UserProps) {
  if (actorId === null) return <>{requestId === null ? own.service : own.unauthenticated}</>;
  return (
    <>
      <PersonLink id={actorId} people={people} /> {apiKeyId !== null && own.byKey}
    </>
  );
}

/** Names of what is no user, by the beginning of the action. */
const things: Readonly<Record<string, string>> = {
  invitation: own.invitation,
  key: own.key,
  level: own.level,
};

function Target({ event: { action, actorId, targetId }, people }: UserProps) {
  if (targetId === null) return <>{own.none}</>;
  if (targetId === actorId) return <>{own.same}</>;
  if (isAboutUser(action)) return <PersonLink id={targetId} people={people} />;
  return (
    <>
      {things[action.split('.')[0] ?? '']} <code class="id">{targetId}</code>
    </>
  );
}

function Origin({ event }: { readonly event: AuditEvent }) {
  const { ip, userAgent } = event;
  return (
    <>
      {ip !== null && (
        <div>
          <bdi>{ip}</bdi>
        </div>
      )}
      {userAgent !== null && (
        <div>
          <bdi>{describeDevice(userAgent)}</bdi>
        </div>
      )}
      <More event={event} />
    </>
  );
}
