import { erasePersonalData } from '../../audit/erase.ts';
import { noRequest } from '../../audit/event.ts';
import { Problem } from '../../problems/problem.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { requireAuthorityOver } from '../authority.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { voidInvitations } from '../invitations/end.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { findLastIssue } from '../sessions/last-issue.ts';
import { lockAdmins, requireAnotherAdmin } from './last-admin.ts';
import type { Precondition } from './update.ts';
import { toUser, userColumns } from './users.ts';

/** The largest value of the column `generation`. It revokes all tokens of a deleted user. */
export const BEYOND_ALL_GENERATIONS = 2 ** 31 - 1;

/**
 * Deletes a user, the sessions and the personal data in the audit log. An admin or the user can ask for it.
 *
 * @param maxAge as declared by the route, for a challenge
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued;
 *   `access-denied` for a user above the actor; `two-factors-required` for oneself; `last-admin`; any error
 *   of the precondition
 */
export async function deleteUser(
  context: AccountsContext,
  actor: Actor,
  userId: string,
  precondition: Precondition,
  maxAge?: number,
): Promise<void> {
  await makeChange(context, async (unchecked) => {
    const { tx, revoke, record } = unchecked;
    await lockAdmins(tx);
    const change = await recheckActor(unchecked, actor);
    const user = await tx.user.findUnique({ where: { id: userId.toLowerCase() }, select: userColumns });
    if (user === null) throw new Problem('user-not-found');
    await requireAuthorityOver(change, user);
    if (user.id === actor.userId) await requireAllFactors(change, maxAge);
    precondition(toUser(user, context.levels));
    await requireAnotherAdmin(tx, context, user);
    // The audit log keeps no IP address and no user agent of users who delete themselves.
    const requestContext =
      actor.userId === user.id
        ? { ...noRequest, requestId: actor.requestContext.requestId }
        : actor.requestContext;
    await voidMailTokens(change, user);
    await voidInvitations({ ...change, actor: { ...actor, requestContext } }, [user.id]);
    // Its sessions go with the user.
    const lastIssuedAt = await findLastIssue(tx, user.id);
    await tx.user.delete({ where: { id: user.id } });
    await erasePersonalData(tx, user.id);
    revoke({ userId: user.id, generation: BEYOND_ALL_GENERATIONS, lastIssuedAt });
    record({
      action: 'user.deleted',
      actorId: actor.userId,
      requestContext,
      targetId: user.id,
      before: { access: user.permanentAccess },
    });
  });
}
