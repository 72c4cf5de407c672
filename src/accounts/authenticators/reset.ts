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
import { deleteRecovery } from './removed.ts';
import { requireAllFactors } from './require-factors.ts';
import { hasWayWithoutPasskey } from './ways-in.ts';

/** A user by id or, for an operator, by address as it is stored. */
export type UserKey = { readonly id: string } | { readonly email: string };

/**
 * Removes the authenticator app, the passkeys and the recovery codes of a user who has lost them. Every
 * session ends. The owner gets a notice, and where passwords are on, a link that sets a new one: from now on,
 * one factor alone signs in.
 *
 * @param maxAge seconds that may have passed since the actor's sign-in, as the route declares them
 * @returns false when there was nothing to remove; nothing has changed then
 * @throws {Problem} `user-not-found`; `own-authenticators` when the actor is the user; `access-denied` for a
 *   user above the actor; `last-authenticator` when the user could not sign in any more;
 *   `two-factors-required` when the actor has a second factor and the session has one factor; `invalid-token`
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
    const columns = { ...userColumns, passwordHash: true } as const;
    const user = await tx.user.findUnique({ where: key, select: columns });
    if (user === null) throw 'email' in key ? noSuchAddress() : new Problem('user-not-found');
    if (user.id === actor.userId) throw new Problem('own-authenticators');
    await requireAuthorityOver(change, user);
    const { totp, passkeys, recoveryCodes } = await deleteAuthenticators(tx, user.id);
    if (!totp && passkeys + recoveryCodes === 0) return undefined;
    requireWayBack(context, user);
    await tx.user.update({ where: { id: user.id }, data: { secondFactor: false, updatedAt: new Date() } });
    await endEverySession(change, user.id);
    await voidMailTokens(change, user);
    const authenticator = totp ? 'totp' : passkeys > 0 ? 'passkey' : null;
    record({
      action: 'authenticator.removed',
      actorId: actor.userId,
      targetId: user.id,
      before: { authenticator, passkeys, recoveryCodes },
      requestContext: actor.requestContext,
    });
    send(noticeTo(context, user.email, 'authenticators-reset'));
    if (!user.disabled && context.signInMethods.has('password'))
      await mailResetToken(change, user, { template: 'set-password', limited: false });
    return user.id;
  });
  if (removedFrom === undefined) return false;
  // Wrong codes of the lost app would lock the next one.
  await unlockSecondFactor(context, removedFrom);
  return true;
}

/**
 * Checks that a user without authenticators of the second class can sign in, or gets a mail that leads to a
 * password.
 *
 * @throws {Problem} `last-authenticator`
 */
function requireWayBack(context: AccountsContext, user: { readonly passwordHash: string }): void {
  if (hasWayWithoutPasskey(context, user)) return;
  const { signInMethods, outbox } = context;
  if (!signInMethods.has('password'))
    throw new Problem('last-authenticator', {
      detail:
        'The passkeys are the only way to sign in to this account, for SIGN_IN_METHODS leaves passwords out. The operator adds `password` to it first.',
    });
  if (!outbox.settings.hasServer)
    throw new Problem('last-authenticator', {
      detail:
        'The account has no password, and without a mail server it gets no link that sets one. The operator sets a password first: latchkey user reset-password.',
    });
}

/**
 * Deletes all second-class authenticators of an account, and the sign-ins that wait for one.
 *
 * @returns whether there was an authenticator app, and the numbers of passkeys and recovery codes
 */
async function deleteAuthenticators(
  tx: Transaction,
  userId: string,
): Promise<{ readonly totp: boolean; readonly passkeys: number; readonly recoveryCodes: number }> {
  const where = { userId };
  const totp = await tx.totp.deleteMany({ where });
  const passkeys = await tx.passkey.deleteMany({ where });
  return {
    totp: totp.count > 0,
    passkeys: passkeys.count,
    recoveryCodes: await deleteRecovery(tx, userId),
  };
}
