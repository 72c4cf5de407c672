import { invalidToken, keyNotAllowed, twoFactorsRequired } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { ActorChange } from '../change.ts';
import { hasTwoFactorsAt } from '../sessions/grant.ts';

/**
 * Checks that the actor's session has two factors when the account has a second factor. The guard cannot know
 * this: the account may have got its second factor in another session, after the token was issued.
 *
 * @param maxAge as declared by the route, for the challenge
 * @throws {Problem} `two-factors-required`; `invalid-token` when the session has ended; `key-not-allowed`
 */
export async function requireAllFactors({ context, tx, actor }: ActorChange, maxAge?: number): Promise<void> {
  if (actor.userId === null) return;
  if ('keyId' in actor) throw keyNotAllowed();
  const user = await selectRow(tx, 'User', ['secondFactor'], { id: actor.userId });
  const session = await selectRow(tx, 'Session', ['secondFactorAt'], { id: actor.sessionId });
  if (user === undefined || session === undefined) throw invalidToken();
  if (!user.secondFactor) return;
  if (!hasTwoFactorsAt(session, context.secondFactor.maxAge, await context.now(tx)))
    throw twoFactorsRequired(maxAge);
}

/**
 * Checks that the actor's session has two factors, whether the account has a second factor or not.
 *
 * @throws {Problem} as {@link requireAllFactors}
 */
export async function requireTwoFactorSession(
  { context, tx, actor }: ActorChange,
  maxAge?: number,
): Promise<void> {
  if (actor.userId === null) return;
  if ('keyId' in actor) throw keyNotAllowed();
  const session = await selectRow(tx, 'Session', ['secondFactorAt'], { id: actor.sessionId });
  if (session === undefined) throw invalidToken();
  if (!hasTwoFactorsAt(session, context.secondFactor.maxAge, await context.now(tx)))
    throw twoFactorsRequired(maxAge);
}
