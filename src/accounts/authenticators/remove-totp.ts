import { Problem } from '../../problems/problem.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import type { SessionGrant } from '../sessions/grant.ts';
import { completeRemoval } from './removed.ts';
import { requireAllFactors } from './require-factors.ts';

/**
 * Removes the actor's authenticator app. Where it is the only second factor of the account, the recovery
 * codes go with it, every other session ends, and the current one continues with tokens of one factor.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `totp-not-found`; `two-factors-required` when the session has one factor; `invalid-token`
 */
export async function removeTotp(
  context: AccountsContext,
  actor: SessionActor,
  maxAge: number,
): Promise<SessionGrant> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change, maxAge);
    const { count } = await change.tx.totp.deleteMany({ where: { userId: actor.userId } });
    if (count === 0) throw new Problem('totp-not-found');
    const before = { authenticator: 'totp' };
    return completeRemoval(change, actor, { before, template: 'authenticator-removed' });
  });
}
