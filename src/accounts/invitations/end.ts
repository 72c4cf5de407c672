import type { Change } from '../change.ts';
import type { Principal } from '../context.ts';

/** A change, and who makes it. */
type VoidingChange = Change & { readonly actor: Pick<Principal, 'userId' | 'requestContext'> };

/**
 * Voids the invitations of users who were demoted, disabled or deleted, or whose elevation has ended: none of
 * them is an admin any more.
 */
export async function voidInvitations(
  { context, tx, actor, record }: VoidingChange,
  inviterIds: readonly string[],
): Promise<void> {
  const where = { inviterId: { in: [...inviterIds] } };
  const invitations = await tx.invitation.findMany({ where });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where });
  const { userId: actorId, requestContext } = actor;
  for (const { id, email, access } of invitations) {
    record({ action: 'invitation.revoked', actorId, targetId: id, before: { access }, requestContext });
    if (email !== null) await context.outbox.takeBack(tx, email, ['invitation']);
  }
}
