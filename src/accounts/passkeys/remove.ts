import { invalidToken } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import { completeRemoval } from '../authenticators/removed.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { hasWayIn } from '../authenticators/ways-in.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import type { SessionGrant } from '../sessions/grant.ts';
import { findPasskey } from './own-passkeys.ts';

/**
 * Removes a passkey of the actor. Where it is the only second factor of the account, the recovery codes go
 * with it, every other session ends, and the current one continues with tokens of one factor.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `passkey-not-found`; `last-authenticator` when nothing else signs in to the account;
 *   `two-factors-required` when the session has one factor; `invalid-token`
 */
export async function removePasskey(
  context: AccountsContext,
  actor: SessionActor,
  id: string,
  maxAge: number,
): Promise<SessionGrant> {
  const { userId } = actor;
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    await requireAllFactors(change, maxAge);
    const { name } = await findPasskey(tx, userId, id);
    await tx.passkey.delete({ where: { id } });
    const user = await selectRow(tx, 'User', ['passwordHash'], { id: userId });
    if (user === undefined) throw invalidToken();
    const passkeys = await tx.passkey.count({ where: { userId } });
    if (!hasWayIn(context, { ...user, passkeys })) throw new Problem('last-authenticator');
    return completeRemoval(change, actor, {
      before: { authenticator: 'passkey', passkeyId: id },
      personal: { before: { name } },
      template: 'passkey-removed',
    });
  });
}
