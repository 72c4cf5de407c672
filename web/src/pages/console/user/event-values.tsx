import type { ComponentChildren } from 'preact';
import { Time } from '../../../components/time.tsx';
import { userTexts } from '../../../texts/console/user.ts';
import type { Event } from './events.ts';
import type { Levels } from './levels.ts';

const own = userTexts.activity;
const members: Readonly<Record<string, string>> = own.members;

type Value = NonNullable<Event['before']>[string] | undefined;

interface EventValuesProps {
  readonly event: Event;
  readonly levels: Levels;
}

/** What an event has changed: each member before and after, or what it says of the request. */
export function EventValues({ event: { before, after }, levels }: EventValuesProps) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (name) => !IDS.test(name) && (isSaid(before?.[name]) || isSaid(after?.[name])),
  );
  if (names.length === 0) return own.nothing;
  return (
    <ul class="values">
      {names.map((name) => (
        <li key={name}>
          {Object.hasOwn(members, name) ? members[name] : name}: {show(name, before?.[name], levels)}
          {isSaid(before?.[name]) && isSaid(after?.[name]) && ' → '}
          {show(name, after?.[name], levels)}
        </li>
      ))}
    </ul>
  );
}

/** Ids say nothing to people, and are in the audit. */
const IDS = /Id$/;
const LEVELS: ReadonlySet<string> = new Set(['access', 'required', 'actual']);
const TIMES = /(?:At|Until)$/;

function isSaid(value: Value): boolean {
  return value !== undefined && value !== null;
}

function show(name: string, value: Value, { nameOf }: Levels): ComponentChildren {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? own.yes : own.no;
  if (typeof value === 'number') return LEVELS.has(name) ? <bdi>{nameOf(value)}</bdi> : value;
  return TIMES.test(name) ? <Time at={value} /> : <bdi>{value}</bdi>;
}
