import type { AccessLevels } from '../../access/levels.ts';
import { displayEmail } from '../../lib/email-address.ts';
import type { Invitation } from './schemas.ts';

/** The columns of an invitation that the API shows. */
export interface InvitationRow {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly access: number;
  readonly inviterId: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** An invitation as the API shows it. */
export function toInvitation(row: InvitationRow, levels: AccessLevels): Invitation {
  return {
    id: row.id,
    email: displayEmail(row.email ?? ''),
    name: row.name,
    access: row.access,
    accessName: levels.nameOf(row.access),
    inviterId: row.inviterId ?? '',
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  };
}
