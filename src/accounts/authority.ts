import { accessDenied, keyNotAllowed } from '../access/challenges.ts';
import { type AccessColumns, accessAsOf } from '../access/elevation.ts';
import type { ActorChange } from './change.ts';

/**
 * Refuses a level that the actor may not give. No API key gives the admins' level.
 *
 * @throws {Problem} `access-denied`; `key-not-allowed`
 */
export function requireGrantable(
  { context, actor, maxGrantableLevel }: Pick<ActorChange, 'actor' | 'context' | 'maxGrantableLevel'>,
  level: number,
): void {
  if ('keyId' in actor && level >= context.levels.admin) throw keyNotAllowed();
  if (level > maxGrantableLevel) throw accessDenied(level, maxGrantableLevel);
}

/**
 * Refuses a write to a user above the actor: an actor who may not give a level cannot take it either. Call it
 * before every write to another user. The permanent level counts, because it outlasts an elevation, and the
 * current one, because an admin who may give the elevation gave it. Actors may write to themselves. No API
 * key writes to service accounts.
 *
 * @throws {Problem} `access-denied`; `key-not-allowed`
 */
export async function requireAuthorityOver(
  change: ActorChange,
  user: AccessColumns & { readonly id: string; readonly kind: string },
): Promise<void> {
  const { context, tx, actor } = change;
  if ('keyId' in actor && user.kind === 'service') throw keyNotAllowed();
  if (user.id === actor.userId) return;
  const access = user.accessUntil === null ? user.access : accessAsOf(user, await context.now(tx));
  requireGrantable(change, Math.max(access, user.permanentAccess));
}
