import type { Column } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import type { User } from '../../../lib/change-as-shown.ts';
import { useCountdown } from '../../../lib/countdown.ts';
import { levelName, useLevels } from '../../../lib/levels.ts';
import { Link } from '../../../router.tsx';
import { auth } from '../../../session.ts';
import { elevatedTexts } from '../../../texts/console/elevated.ts';
import { Why } from './why.tsx';

const own = elevatedTexts.columns;

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;

/** The columns of the list. @param end asks whether to end an elevation */
export function useColumns(end: (user: User) => void): readonly Column<User>[] {
  const nameOf = useLevelNames();
  return [
    {
      title: own.name,
      cell: ({ id, name }) => (
        <Link to="user" id={id}>
          <bdi dir="auto">{name}</bdi>
        </Link>
      ),
    },
    { title: own.level, cell: ({ accessName }) => <span class="badge">{accessName}</span> },
    { title: own.permanent, cell: ({ permanentAccess }) => nameOf(permanentAccess) },
    { title: own.until, cell: ({ accessUntil }) => accessUntil !== null && <Until at={accessUntil} /> },
    ...(auth.can('listAuditEvents')
      ? [{ title: own.why, cell: (user: User) => <Why key={user.accessUntil} user={user} /> }]
      : []),
    {
      title: own.end,
      cell: (user) => (
        <button
          type="button"
          class="button"
          aria-label={elevatedTexts.endOf(user.name)}
          onClick={() => end(user)}
        >
          {elevatedTexts.end}
        </button>
      ),
    },
  ];
}

/** Returns what names a level; its number until the names are there. */
export function useLevelNames(): (access: number) => string {
  const { data = [] } = useLevels();
  return (access) => levelName(access, data);
}

function Until({ at }: { readonly at: string }) {
  const seconds = useCountdown(Date.parse(at));
  return (
    <>
      <Time at={at} />
      <br />
      <span class="muted">{describeLeft(seconds)}</span>
    </>
  );
}

function describeLeft(seconds: number): string {
  const { left } = elevatedTexts;
  const [days, hours, minutes] = [DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS].map((unit) =>
    Math.floor(seconds / unit),
  );
  if (days) return left.days(days, Math.floor((seconds % DAY_SECONDS) / HOUR_SECONDS));
  if (hours) return left.hours(hours, Math.floor((seconds % HOUR_SECONDS) / MINUTE_SECONDS));
  if (minutes) return left.minutes(minutes, seconds % MINUTE_SECONDS);
  return seconds > 0 ? left.seconds(seconds) : left.over;
}
