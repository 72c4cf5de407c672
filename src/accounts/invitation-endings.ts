import type { Transaction } from '../db/client.ts';
import type { AccountsContext } from './context.ts';

/** Voids the invitations of somebody who is no longer who they were when they invited. */
export async function voidInvitations(
  { outbox }: Pick<AccountsContext, 'outbox'>,
  tx: Transaction,
  inviterId: string,
): Promise<void> {
  const invitations = await tx.invitation.findMany({ where: { inviterId }, select: { email: true } });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where: { inviterId } });
  for (const { email } of invitations) if (email !== null) await outbox.takeBack(tx, email, ['invitation']);
}
