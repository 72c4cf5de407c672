import { type AuditRecord, noRequest } from '../../audit/event.ts';
import { erasePersonalData } from '../../audit/record.ts';
import type { Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import { change, type Effects, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { voidInvitations } from '../invitations/end.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { lockAdmins, requireAnotherAdmin } from './last-admin.ts';
import type { Precondition } from './update.ts';
import { toUser, userColumns } from './users.ts';

/** The largest that its column holds: a deleted user's tokens are all revoked. */
export const BEYOND_ALL_GENERATIONS = 2 ** 31 - 1;

/**
 * Deletes a user, the sessions, and what the audit says of the person, on behalf of an admin or of the user.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued; `last-admin`;
 *   what the precondition throws
 */
export async function deleteUser(
  context: AccountsContext,
  actor: Actor,
  userId: string,
  precondition: Precondition,
): Promise<void> {
  await change(context, async (tx, effects) => {
    await lockAdmins(tx);
    await recheckActor(context, tx, actor);
    const user = await tx.user.findUnique({ where: { id: userId.toLowerCase() }, select: userColumns });
    if (user === null) throw new Problem('user-not-found');
    precondition(toUser(user, context.levels));
    await requireAnotherAdmin(tx, context.levels, user);
    const isOwn = actor.userId === user.id;
    // Of somebody who leaves, nothing is kept.
    const requestContext = isOwn
      ? { ...noRequest, requestId: actor.requestContext.requestId }
      : actor.requestContext;
    const who = { actorId: actor.userId, requestContext };
    await remove(context, tx, user, { ...who, ...effects });
    effects.record({
      action: 'user.deleted',
      ...who,
      targetId: user.id,
      before: { access: user.permanentAccess },
    });
  });
}

async function remove(
  context: AccountsContext,
  tx: Transaction,
  user: { readonly id: string; readonly email: string },
  { revoke, ...who }: Pick<AuditRecord, 'actorId' | 'requestContext'> & Pick<Effects, 'revoke' | 'record'>,
): Promise<void> {
  await voidMailTokens(context, tx, user);
  await voidInvitations(context, tx, user.id, who);
  await tx.user.delete({ where: { id: user.id } });
  await erasePersonalData(tx, user.id);
  revoke({ userId: user.id, generation: BEYOND_ALL_GENERATIONS });
}
