import type { RequestContext } from '../../audit/event.ts';
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

/** A user whose address may be invited. */
interface NewOwner {
  readonly id: string;
  readonly email: string;
}

/**
 * Ends the invitations to addresses that have an account from now on. Call it in the change that gives the
 * account the address: the invitation could not be accepted any more.
 *
 * @param actorId of the events; null for a new account, as in the event of its creation
 */
export async function endInvitationsTo(
  { context, tx, record }: Change,
  users: readonly NewOwner[],
  { actorId, requestContext }: { readonly actorId: string | null; readonly requestContext: RequestContext },
): Promise<void> {
  const invitations = await tx.invitation.findMany({
    where: { email: { in: users.map(({ email }) => email) } },
    select: { id: true, email: true, access: true },
  });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where: { id: { in: invitations.map(({ id }) => id) } } });
  const owners = new Map(users.map(({ id, email }) => [email, id]));
  for (const { id, email, access } of invitations) {
    if (email === null) continue;
    const after = { userId: owners.get(email) ?? null };
    record({
      action: 'invitation.revoked',
      actorId,
      targetId: id,
      before: { access },
      after,
      requestContext,
    });
    await context.outbox.takeBack(tx, email, ['invitation']);
  }
}
