import { Time } from '../../../components/time.tsx';
import type { AuditEvent } from '../../../lib/audit.ts';
import { describeLevel, type Level } from '../../../lib/levels.ts';
import { auditTexts } from '../../../texts/console/audit.ts';

const own = auditTexts.changes;
const names: Readonly<Record<string, string>> = own.members;

type Members = AuditEvent['before'];
type Value = NonNullable<Members>[string] | undefined;

/** A time as the service writes it. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

interface ChangesProps {
  readonly before: Members;
  readonly after: Members;
  readonly levels: readonly Level[] | undefined;
}

/** All values before and after an event. */
export function Changes({ before, after, levels }: ChangesProps) {
  const members = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (members.length === 0) return null;
  const sides = [before, after].filter((side) => side !== null);
  const titles = sides.length === 2 ? [own.before, own.after] : [before === null ? own.after : own.before];
  return (
    <table class="changes">
      <caption class="visually-hidden">{own.caption}</caption>
      {/* Where there is one side only, its title says nothing new. */}
      <thead class={sides.length === 1 ? 'visually-hidden' : undefined}>
        <tr>
          <th scope="col">{own.member}</th>
          {titles.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {members.map((member) => (
          <tr key={member}>
            <th scope="row">
              <bdi>{Object.hasOwn(names, member) ? names[member] : member}</bdi>
            </th>
            {sides.map((side, index) => (
              <td key={titles[index]}>
                {/* A member named like one of every object is none. */}
                {write(member, Object.hasOwn(side, member) ? side[member] : undefined, levels)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function write(member: string, value: Value, levels: readonly Level[] | undefined) {
  if (value === undefined || value === null) return <span class="muted">{own.none}</span>;
  if (typeof value === 'boolean') return value ? own.true : own.false;
  if (typeof value === 'number' && own.levels.includes(member)) return describeLevel(value, levels);
  if (typeof value === 'string' && TIME.test(value)) return <Time at={value} precision="second" />;
  return <bdi dir="auto">{String(value)}</bdi>;
}
