import { invalidToken } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { replaceRecoveryCodes } from './recovery-codes.ts';
import { requireAllFactors } from './require-factors.ts';

/**
 * Makes new recovery codes for the actor. Those of before are void.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @returns the codes, which are shown once
 * @throws {Problem} `no-second-factor`; `two-factors-required` when the session has one factor;
 *   `invalid-token`
 */
export async function renewRecoveryCodes(
  context: AccountsContext,
  actor: SessionActor,
  maxAge: number,
): Promise<string[]> {
  const { userId, requestContext } = actor;
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx, record, send } = change;
    await requireAllFactors(change, maxAge);
    const user = await selectRow(tx, 'User', ['email', 'secondFactor'], { id: userId });
    if (user === undefined) throw invalidToken();
    if (!user.secondFactor) throw new Problem('no-second-factor');
    const left = await tx.recoveryCode.count({ where: { userId } });
    const codes = await replaceRecoveryCodes(tx, userId, await context.now(tx));
    record({
      action: 'recovery-codes.renewed',
      actorId: userId,
      targetId: userId,
      before: { recoveryCodes: left },
      after: { recoveryCodes: codes.length },
      requestContext,
    });
    send(noticeTo(context, user.email, 'recovery-codes-renewed'));
    return codes;
  });
}
