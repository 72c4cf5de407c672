import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { noticeTo } from '../notices.ts';
import { hashPassword } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { type SessionGrant, toGrant } from '../sessions/grant.ts';
import { findLastIssue } from '../sessions/last-issue.ts';
import { rotatedBeforeOf } from '../sessions/list.ts';
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
    const { tx, revoke, record, send } = change;
    const time = await context.now(tx);
    const { userId, sessionId, requestContext } = actor;
    const lastIssuedAt = await findLastIssue(tx, userId);
    await tx.session.deleteMany({ where: { userId, id: { not: sessionId } } });
    const user = await tx.user.update({
      where: { id: userId },
      data: { passwordHash, epoch: { increment: 1 }, generation: { increment: 1 }, updatedAt: new Date() },
    });
    const before = await tx.session.findUniqueOrThrow({ where: { id: sessionId } });
    // Two steps, so that the old refresh token is not the previous one: that one would still get its
    // successor for 10 s.
    const session = await tx.session.update({
      where: { id: sessionId },
      data: {
        epoch: user.epoch,
        rotation: { increment: 2 },
        rotatedAt: time,
        rotatedBefore: rotatedBeforeOf(before, time),
        authenticatedAt: time,
        tokensIssuedAt: lastIssuedAt !== null && lastIssuedAt > time ? lastIssuedAt : time,
      },
    });
    await voidMailTokens(change, user);
    revoke({ userId, generation: user.generation, lastIssuedAt });
    record({ action: 'user.password-changed', actorId: userId, targetId: userId, requestContext });
    send(noticeTo(context, user.email, 'password-changed'));
    return toGrant(context, session, user, time);
  });
}
