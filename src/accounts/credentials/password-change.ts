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
 * new generation.
 *
 * @param newPassword checked against its schema
 * @throws {Problem} `wrong-password`; `invalid-token` when the session ended, or the password was changed,
 *   meanwhile
 */
export async function changePassword(
  context: AccountsContext,
  actor: Actor,
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
): Promise<SessionGrant> {
  await verifyOwnPassword(context, actor, currentPassword);
  const owner = await findCaller(context, actor.userId);
  await requireGoodPassword(newPassword, owner, '/newPassword');
  const passwordHash = await hashPassword(newPassword);
  return makeChange(context, async (unchecked) => {
    // Fails when the password was changed meanwhile: that has raised the generation.
    const change = await recheckActor(unchecked, actor);
    const { tx, record, send } = change;
    const { userId, requestContext } = actor;
    const { grant, email } = await continueAlone(change, actor, {
      user: { passwordHash },
      session: { authenticatedAt: await context.now(tx) },
    });
    await voidMailTokens(change, { id: userId, email });
    record({ action: 'user.password-changed', actorId: userId, targetId: userId, requestContext });
    send(noticeTo(context, email, 'password-changed'));
    return grant;
  });
}
