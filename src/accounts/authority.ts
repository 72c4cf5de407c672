import { accessDenied } from '../access/challenges.ts';
import type { ActorChange } from './change.ts';
import { type AccessColumns, accessAsOf } from './elevation.ts';

/**
 * Refuses a level that the actor may not give.
 *
 * @throws {Problem} `access-denied`
 */
export function requireGrantable(
  { maxGrantableLevel }: Pick<ActorChange, 'maxGrantableLevel'>,
  level: number,
): void {
  if (level > maxGrantableLevel) throw accessDenied(level, maxGrantableLevel);
}

/**
 * Refuses a write to a user above the actor: an actor who may not give a level cannot take it either. Call it
 * before every write to another user. The permanent level counts, because it outlasts an elevation, and the
 * current one, because an admin who may give the elevation gave it. Actors may write to themselves.
 *
 * @throws {Problem} `access-denied`
 */
export async function requireAuthorityOver(
  change: ActorChange,
  user: AccessColumns & { readonly id: string },
): Promise<void> {
  const { context, tx, actor } = change;
  if (user.id === actor.userId) return;
  const access = user.accessUntil === null ? user.access : accessAsOf(user, await context.now(tx));
  requireGrantable(change, Math.max(access, user.permanentAccess));
}
