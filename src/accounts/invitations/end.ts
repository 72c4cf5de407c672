import type { AuditRecord } from '../../audit/event.ts';
import type { Transaction } from '../../db/client.ts';
import type { Effects } from '../change.ts';
import type { AccountsContext } from '../context.ts';

/** Voids the invitations of somebody who is no longer who they were when they invited. */
export async function voidInvitations(
  { outbox }: Pick<AccountsContext, 'outbox'>,
  tx: Transaction,
  inviterId: string,
  {
    actorId,
    requestContext,
    record,
  }: Pick<AuditRecord, 'actorId' | 'requestContext'> & Pick<Effects, 'record'>,
): Promise<void> {
  const invitations = await tx.invitation.findMany({ where: { inviterId } });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where: { inviterId } });
  for (const { id, email, access } of invitations) {
    record({ action: 'invitation.revoked', actorId, targetId: id, before: { access }, requestContext });
    if (email !== null) await outbox.takeBack(tx, email, ['invitation']);
  }
}
