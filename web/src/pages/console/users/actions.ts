import { isProblem, type OperationId } from '@latchkey/client';
import type { Values } from '../../../components/form.tsx';
import { toAccessUntil } from '../../../components/level-fields.tsx';
import type { Outcome } from '../../../lib/batch.ts';
import { changeAsShown, isWhole, type User, type UserChange } from '../../../lib/change-as-shown.ts';
import { toAccess } from '../../../lib/levels.ts';
import { describeError } from '../../../lib/problems.ts';
import { api } from '../../../session.ts';
import { usersTexts } from '../../../texts/console/users.ts';

const own = usersTexts.several;

/** Something that can be done to several people. */
export interface Action {
  readonly name: 'level' | 'disable' | 'enable' | 'sessions';
  readonly operation: OperationId;
  readonly tone: 'primary' | 'danger';
}

export const ACTIONS: readonly Action[] = [
  { name: 'level', operation: 'changeUser', tone: 'primary' },
  { name: 'disable', operation: 'changeUser', tone: 'danger' },
  { name: 'enable', operation: 'changeUser', tone: 'primary' },
  { name: 'sessions', operation: 'endUserSessions', tone: 'danger' },
];

/** Why nothing was done to a person: they are no longer as they were shown. */
export class ChangedMeanwhile {
  readonly user: User;

  constructor(user: User) {
    this.user = user;
  }
}

/**
 * Turns the values of the form into the change of each person.
 *
 * @returns undefined where it is none of a user
 */
export function toChange({ name }: Action, values: Values): UserChange | undefined {
  if (name === 'sessions') return undefined;
  const change = name === 'level' ? toLevelChange(values) : { disabled: name === 'disable' };
  const { reason = '' } = values;
  return { ...change, ...(reason !== '' && { reason }) };
}

function toLevelChange(values: Values): UserChange {
  const access = toAccess(values.access ?? '');
  const accessUntil = toAccessUntil(values);
  return { ...(access !== undefined && { access }), ...(accessUntil !== null && { accessUntil }) };
}

/**
 * Does it to one person.
 *
 * @param user the person as they were shown
 * @param change undefined to end the sessions
 */
export async function doTo(user: User, change: UserChange | undefined): Promise<Outcome<'done' | 'same'>> {
  const { id } = user;
  if (change === undefined) {
    const { error, response } = await api.DELETE('/users/{id}/sessions', { params: { path: { id } } });
    return error === undefined ? { result: 'done' } : { error, response };
  }
  if (isAsWanted(user, change)) return { result: 'same' };
  const { data, other, error, response } = await changeAsShown(user, change);
  if (data !== undefined) return { result: 'done' };
  if (other !== undefined && isWhole(other)) return { error: new ChangedMeanwhile(other) };
  return { error, response };
}

function isAsWanted({ access, accessUntil, disabled }: User, change: UserChange): boolean {
  const isLevel =
    change.access === undefined || (change.access === access && (change.accessUntil ?? null) === accessUntil);
  return isLevel && disabled === (change.disabled ?? disabled);
}

/** Writes why it was not done to a person. */
export function describeFailure(error: unknown): string {
  if (error instanceof ChangedMeanwhile) return own.changed(error.user.accessName, error.user.disabled);
  if (isProblem(error, 'user-not-found')) return own.gone;
  if (isProblem(error, 'access-denied')) return own.denied;
  if (isProblem(error, 'last-admin')) return own.lastAdmin;
  if (isProblem(error, 'validation-failed')) {
    const [first] = error.errors;
    if (first?.code === 'too-small') return own.notAbove;
    if (first?.code === 'past') return own.past;
    if (first !== undefined) return `${first.pointer} ${first.message}`;
  }
  return describeError(error);
}
