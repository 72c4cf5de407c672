import { requireAllFactors } from '../authenticators/require-factors.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { noticeTo } from '../notices.ts';
import { hashPassword } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { continueAlone } from '../sessions/continue.ts';
import type { SessionGrant } from '../sessions/grant.ts';
import { verifyOwnPassword } from '../sign-in/sign-in.ts';
import { findCaller } from '../users/users.ts';

/**
 * Changes the actor's password. Every other session ends. The current session continues with tokens of the
 * new generation. The session of an account with a second factor must have two factors, and the password
 * alone does not renew its `auth_time`.
 *
 * @param newPassword checked against its schema
 * @throws {Problem} `two-factors-required`; `wrong-password`; `invalid-token` when the session ended, or the
 *   password was changed, meanwhile
 */
export async function changePassword(
  context: AccountsContext,
  actor: Actor,
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
): Promise<SessionGrant> {
  // Before the password is verified too: without a second factor, the answer says nothing about it.
  await makeChange(context, async (change) => requireAllFactors(await recheckActor(change, actor)));
  const { hasSecondFactor } = await verifyOwnPassword(context, actor, currentPassword);
  const owner = await findCaller(context, actor.userId);
  await requireGoodPassword(newPassword, owner, '/newPassword');
  const passwordHash = await hashPassword(newPassword);
  return makeChange(context, async (unchecked) => {
    // Fails when the password was changed meanwhile: that has raised the generation.
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change);
    const { tx, record, send } = change;
    const { userId, requestContext } = actor;
    const { grant, email } = await continueAlone(change, actor, {
      user: { passwordHash },
      session: hasSecondFactor ? {} : { authenticatedAt: await context.now(tx) },
    });
    await voidMailTokens(change, { id: userId, email });
    record({ action: 'user.password-changed', actorId: userId, targetId: userId, requestContext });
    send(noticeTo(context, email, 'password-changed'));
    return grant;
  });
}
