import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { continueAlone } from '../sessions/continue.ts';
import type { SessionGrant } from '../sessions/grant.ts';
import { joinMethods, methodsOf } from './methods.ts';
import { requireAllFactors } from './require-factors.ts';
import { deleteAuthenticators } from './reset.ts';

/**
 * Removes the actor's authenticator app, the only second factor of an account. The recovery codes go with it.
 * Every other session ends, and the current one continues with tokens of one factor.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `totp-not-found`; `two-factors-required` when the session has one factor; `invalid-token`
 */
export async function removeTotp(
  context: AccountsContext,
  actor: Actor,
  maxAge: number,
): Promise<SessionGrant> {
  const { userId, sessionId, requestContext } = actor;
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    await requireAllFactors(change, maxAge);
    const session = await selectRow(tx, 'Session', ['amr'], { id: sessionId });
    const removed = await deleteAuthenticators(tx, userId);
    if (session === undefined || !removed.totp) throw new Problem('totp-not-found');
    const { grant, email } = await continueAlone(change, actor, {
      user: { secondFactor: false },
      session: { amr: joinMethods(methodsOf(session.amr, false)), secondFactorAt: null },
    });
    const before = { authenticator: 'totp', recoveryCodes: removed.recoveryCodes };
    change.record({
      action: 'authenticator.removed',
      actorId: userId,
      targetId: userId,
      before,
      requestContext,
    });
    change.send(noticeTo(context, email, 'authenticator-removed'));
    return grant;
  });
}
