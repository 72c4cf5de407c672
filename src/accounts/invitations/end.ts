import type { RequestContext } from '../../audit/event.ts';
import { reassignPersonalData } from '../../audit/record.ts';
import type { Change } from '../change.ts';
import type { Principal } from '../context.ts';

/** A change, and who makes it. */
type VoidingChange = Change & { readonly actor: Pick<Principal, 'userId' | 'requestContext'> };

/**
 * Voids the invitations of users who were demoted, disabled or deleted, or whose elevation has ended: none of
 * them is an admin any more.
 */
export async function voidInvitations(
  { actor, ...change }: VoidingChange,
  inviterIds: readonly string[],
): Promise<void> {
  const { tx } = change;
  const where = { inviterId: { in: [...inviterIds] } };
  const invitations = await tx.invitation.findMany({ where });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where });
  await recordEnds(change, invitations, { actorId: actor.userId, requestContext: actor.requestContext });
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
  change: Change,
  users: readonly NewOwner[],
  by: EndedBy,
): Promise<void> {
  const { tx } = change;
  const invitations = await tx.invitation.findMany({
    where: { email: { in: users.map(({ email }) => email) } },
    select: { id: true, email: true, access: true },
  });
  if (invitations.length === 0) return;
  await tx.invitation.deleteMany({ where: { id: { in: invitations.map(({ id }) => id) } } });
  const owners = new Map<string | null, string>(users.map(({ id, email }) => [email, id]));
  for (const { id, email } of invitations) {
    const owner = owners.get(email);
    // The address and the name in the events of the invitation are this person's, and go with the account.
    if (owner !== undefined) await reassignPersonalData(tx, id, owner);
  }
  await recordEnds(change, invitations, by, ({ email }) => ({ userId: owners.get(email) ?? null }));
}

interface EndedBy {
  readonly actorId: string | null;
  readonly requestContext: RequestContext;
}

interface EndedInvitation {
  readonly id: string;
  readonly email: string | null;
  readonly access: number;
}

/** Records that invitations have ended, and takes back mails that are not sent yet. */
async function recordEnds(
  { context, tx, record }: Change,
  invitations: readonly EndedInvitation[],
  by: EndedBy,
  afterOf?: (invitation: EndedInvitation) => { readonly userId: string | null },
): Promise<void> {
  for (const invitation of invitations) {
    const { id, access } = invitation;
    const after = afterOf?.(invitation);
    record({
      action: 'invitation.revoked',
      ...by,
      targetId: id,
      before: { access },
      ...(after !== undefined && { after }),
    });
  }
  const emails = invitations.flatMap(({ email }) => email ?? []);
  await context.outbox.takeBack(tx, emails, ['invitation']);
}
