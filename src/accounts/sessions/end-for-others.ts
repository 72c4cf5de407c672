import { Problem } from '../../problems/problem.ts';
import { requireAuthorityOver } from '../authority.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { endEverySession, endOneSession } from './end.ts';

/**
 * Ends all sessions of a user on behalf of an admin.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued;
 *   `access-denied` for a user above the actor
 */
export async function endAllSessions(context: AccountsContext, actor: Actor, userId: string): Promise<void> {
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const id = await requireTarget(change, userId);
    const sessions = await change.tx.session.count({ where: { userId: id } });
    await endEverySession(change, id);
    change.record({
      action: 'session.ended',
      actorId: actor.userId,
      targetId: id,
      before: { sessions },
      requestContext: actor.requestContext,
    });
  });
}

/**
 * Ends one session of a user on behalf of an admin.
 *
 * @throws {Problem} `session-not-found`, and as {@link endAllSessions}
 */
export async function endUserSession(
  context: AccountsContext,
  actor: Actor,
  userId: string,
  sessionId: string,
): Promise<void> {
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const id = await requireTarget(change, userId);
    const session = sessionId.toLowerCase();
    if (!(await endOneSession(change, id, session)))
      throw new Problem('session-not-found', { detail: 'The user has no session with this id.' });
    change.record({
      action: 'session.ended',
      actorId: actor.userId,
      targetId: id,
      before: { sessionId: session },
      requestContext: actor.requestContext,
    });
  });
}

/** Finds the user that an admin writes to. @returns the id as it is stored */
async function requireTarget(change: ActorChange, userId: string): Promise<string> {
  const select = { id: true, kind: true, access: true, permanentAccess: true, accessUntil: true } as const;
  const user = await change.tx.user.findUnique({ where: { id: userId.toLowerCase() }, select });
  if (user === null) throw new Problem('user-not-found');
  await requireAuthorityOver(change, user);
  return user.id;
}
