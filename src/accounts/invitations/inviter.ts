import { type AccessColumns, accessAsOf } from '../../access/elevation.ts';
import type { AccessLevels } from '../../access/levels.ts';

/** The columns of an inviter that decide whether an invitation is still valid. */
export const inviterColumns = {
  access: true,
  permanentAccess: true,
  accessUntil: true,
  disabled: true,
} as const;

/** A row of {@link inviterColumns}. */
type InviterRow = AccessColumns & { readonly disabled: boolean };

/**
 * Tells whether a user could send an invitation of a level at a time. It is read from the columns, because
 * the end of an elevation may not be stored yet.
 */
export function couldInvite(levels: AccessLevels, inviter: InviterRow, access: number, time: Date): boolean {
  return !inviter.disabled && accessAsOf(inviter, time) >= levels.admin && inviter.permanentAccess >= access;
}
