import type { Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import { requireAuthorityOver } from '../authority.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Principal } from '../context.ts';
import { mailResetToken } from '../credentials/reset-token.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { noticeTo } from '../notices.ts';
import { endEverySession } from '../sessions/end.ts';
import { unlockSecondFactor } from '../sign-in/code-attempt.ts';
import { noSuchAddress, userColumns } from '../users/users.ts';
import { requireAllFactors } from './require-factors.ts';

/** A user by id or, for an operator, by address as it is stored. */
export type UserKey = { readonly id: string } | { readonly email: string };

/**
 * Removes the authenticator app and the recovery codes of a user who has lost them. Every session ends. The
 * owner gets a notice, and a link that sets a new password: from now on, the old one alone signs in.
 *
 * @param maxAge seconds that may have passed since the actor's sign-in, as the route declares them
 * @returns false when there was nothing to remove; nothing has changed then
 * @throws {Problem} `user-not-found`; `own-authenticators` when the actor is the user; `access-denied` for a
 *   user above the actor; `two-factors-required` when the actor has a second factor and the session has one
 *   factor; `invalid-token`
 */
export async function resetAuthenticators(
  context: AccountsContext,
  actor: Principal,
  key: UserKey,
  maxAge?: number,
): Promise<boolean> {
  const removedFrom = await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx, record, send } = change;
    await requireAllFactors(change, maxAge);
    const user = await tx.user.findUnique({ where: key, select: userColumns });
    if (user === null) throw 'email' in key ? noSuchAddress() : new Problem('user-not-found');
    if (user.id === actor.userId) throw new Problem('own-authenticators');
    await requireAuthorityOver(change, user);
    const removed = await deleteAuthenticators(tx, user.id);
    if (!removed.totp && removed.recoveryCodes === 0) return undefined;
    await tx.user.update({ where: { id: user.id }, data: { secondFactor: false, updatedAt: new Date() } });
    await endEverySession(change, user.id);
    await voidMailTokens(change, user);
    record({
      action: 'authenticator.removed',
      actorId: actor.userId,
      targetId: user.id,
      before: { authenticator: removed.totp ? 'totp' : null, recoveryCodes: removed.recoveryCodes },
      requestContext: actor.requestContext,
    });
    send(noticeTo(context, user.email, 'authenticators-reset'));
    if (!user.disabled) await mailResetToken(change, user, { template: 'set-password', limited: false });
    return user.id;
  });
  if (removedFrom === undefined) return false;
  // Wrong codes of the lost app would lock the next one.
  await unlockSecondFactor(context, removedFrom);
  return true;
}

/**
 * Deletes all second-class authenticators of an account, and the sign-ins that wait for one.
 *
 * @returns whether there was an authenticator app, and the number of recovery codes
 */
export async function deleteAuthenticators(
  tx: Transaction,
  userId: string,
): Promise<{ readonly totp: boolean; readonly recoveryCodes: number }> {
  const where = { userId };
  const totp = await tx.totp.deleteMany({ where });
  const recoveryCodes = await tx.recoveryCode.deleteMany({ where });
  await tx.signInChallenge.deleteMany({ where });
  return { totp: totp.count > 0, recoveryCodes: recoveryCodes.count };
}
