import type { components, operations } from '@latchkey/client';
import { api } from '../session.ts';
import { isOvertaken } from './overtaken.ts';

export type User = components['schemas']['User'];
export type VisibleUser = components['schemas']['VisibleUser'];
export type UserChange = operations['changeUser']['requestBody']['content']['application/json'];

/** What came of a change. */
export interface Changed {
  /** The user as they are now. */
  readonly data?: User;
  readonly error?: unknown;
  readonly response?: Response;
  /** Another state than the one that was shown: nothing was changed, and the reader has to look first. */
  readonly other?: VisibleUser;
}

/** Tells whether the service shows all of a user, as it does to admins. */
export function isWhole(user: VisibleUser): user is User {
  return user.disabled !== undefined && user.permanentAccess !== undefined;
}

/**
 * Changes a user, if the level and the state are still what the reader saw. The list has no ETags, so that
 * the user is read first; between the two, `If-Match` holds.
 */
export async function changeAsShown(shown: User, body: UserChange): Promise<Changed> {
  const path = { id: shown.id };
  const { data: now, error, response } = await api.GET('/users/{id}', { params: { path } });
  if (now === undefined) return { error, response };
  if (!isWhole(now) || !isSame(shown, now)) return { other: now };
  const etag = response.headers.get('etag') ?? '*';
  const result = await api.PATCH('/users/{id}', { params: { path, header: { 'if-match': etag } }, body });
  if (!isOvertaken(result.error, etag)) return result;
  const { data: other } = await api.GET('/users/{id}', { params: { path } });
  return other === undefined ? result : { other };
}

function isSame(shown: User, now: User): boolean {
  return (
    shown.access === now.access &&
    shown.permanentAccess === now.permanentAccess &&
    shown.accessUntil === now.accessUntil &&
    shown.disabled === now.disabled
  );
}
