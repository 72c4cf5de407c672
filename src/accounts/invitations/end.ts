import type { ActorChange } from '../change.ts';

/** Voids the invitations of a user who was demoted, disabled or deleted. */
export async function voidInvitations(
  { context, tx, actor, record }: ActorChange,
  inviterId: string,
): Promise<void> {
  const invitations = await tx.invitation.findMany({ where: { inviterId } });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where: { inviterId } });
  const { userId: actorId, requestContext } = actor;
  for (const { id, email, access } of invitations) {
    record({ action: 'invitation.revoked', actorId, targetId: id, before: { access }, requestContext });
    if (email !== null) await context.outbox.takeBack(tx, email, ['invitation']);
  }
}
