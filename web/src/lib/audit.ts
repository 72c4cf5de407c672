import type { components, paths } from '@latchkey/client';
import { auditTexts } from '../texts/console/audit.ts';
import type { Query } from './query.ts';

/** An event of the audit. */
export type AuditEvent = components['schemas']['AuditEvent'];

/** The filters of the audit, as the service takes them. */
export type AuditFilter = Omit<
  NonNullable<paths['/audit-events']['get']['parameters']['query']>,
  'limit' | 'cursor'
>;

type Action = NonNullable<AuditFilter['action']>;

/** Each action has a text. */
const texts: Readonly<Record<Action, string>> = auditTexts.actions;
const isAction = (text: string): text is Action => Object.hasOwn(texts, text);

/** Reads the filters in the address. @returns `unknown` with an action that there is not */
export function readFilter({ get }: Pick<Query, 'get'>): { filter: AuditFilter; unknown?: string } {
  const [actor, target, action, from, until] = ['actor', 'target', 'action', 'from', 'until'].map(get);
  const filter = {
    ...(actor && { actor }),
    ...(target && { target }),
    ...(action && isAction(action) && { action }),
    ...(from && { from }),
    ...(until && { until }),
  };
  return action && !isAction(action) ? { filter, unknown: action } : { filter };
}

/** Actions whose target is no user. */
const OTHER_TARGETS = /^(?:invitation|key|level|relying-party|database|audit)\./;

/** Tells whether the target of an action is a user. */
export const isAboutUser = (action: string): boolean => !OTHER_TARGETS.test(action);

/** Writes a time as a field of a date and a time in the reader's zone shows it: `2026-01-31T12:00`. */
export function toLocal(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, date.getTime() % 60_000 === 0 ? 16 : 19);
}

/** Writes the time in a field as the service takes it: RFC 3339, in UTC. */
export function fromLocal(local: string): string {
  const date = new Date(local);
  // A year of six digits is a time, and none of the service.
  return Number.isNaN(date.getTime()) ? local : date.toISOString();
}
