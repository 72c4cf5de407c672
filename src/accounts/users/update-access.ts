import { accessAsOf } from '../../access/elevation.ts';
import { invalidBody } from '../../problems/problem.ts';
import { secondFactorAdvice } from '../authenticators/advice.ts';
import { requireGrantable } from '../authority.ts';
import type { ActorChange } from '../change.ts';
import { voidInvitations } from '../invitations/end.ts';
import { noticeTo } from '../notices.ts';
import { requireAnotherAdmin } from './last-admin.ts';
import type { UserRow } from './users.ts';

/** The access level that an actor wants a user to have. */
export interface WantedAccess {
  readonly access?: number;
  /**
   * When the level ends and the permanent one is back. The level is permanent when this is null or left out.
   */
  readonly accessUntil?: Date | null;
  readonly reason?: string;
}

/**
 * Changes a user's access level. An equal level changes nothing.
 *
 * @returns the columns to update
 * @throws {Problem} `access-denied` for a level that the actor may not give; `validation-failed` for a time
 *   limit that does not limit anything; `last-admin`
 */
export async function changeAccess(
  change: ActorChange,
  before: UserRow,
  { access, accessUntil = null, reason }: WantedAccess,
) {
  if (access === undefined) return {};
  const { context, tx, actor } = change;
  const now = await context.now(tx);
  const accessBefore = accessAsOf(before, now);
  const accessUntilBefore = accessBefore === before.permanentAccess ? null : before.accessUntil;
  if (access === accessBefore && accessUntil?.getTime() === accessUntilBefore?.getTime()) return {};
  const isPermanentLevel = access === before.permanentAccess && accessUntil === null;
  if (!isPermanentLevel) requireGrantable(change, access);
  if (accessUntil !== null) requireElevation(before, access, accessUntil, now);
  const permanentAccess = accessUntil === null ? access : before.permanentAccess;
  if (permanentAccess < before.permanentAccess) await requireAnotherAdmin(tx, context, before);
  // The end of an elevation that is not stored yet: its invitations must not survive the new level.
  const hasExpired = accessBefore < before.access;
  if (permanentAccess < before.permanentAccess || access < accessBefore || hasExpired)
    await voidInvitations(change, [before.id]);
  change.record({
    action: 'user.access-changed',
    actorId: actor.userId,
    targetId: before.id,
    before: { access: accessBefore, accessUntil: accessUntilBefore?.toISOString() ?? null },
    after: { access, accessUntil: accessUntil?.toISOString() ?? null },
    ...(reason !== undefined && { personal: { reason } }),
    requestContext: actor.requestContext,
  });
  const span = accessUntil === null ? '' : ` until ${accessUntil.toISOString()}`;
  const advice = secondFactorAdvice(context, access, before.secondFactor);
  const values = { access: context.levels.nameOf(access) + span, advice };
  change.send(noticeTo(context, before.email, 'access-changed', values));
  return { access, permanentAccess, accessUntil, generation: { increment: 1 } };
}

/** @throws {Problem} `validation-failed` */
function requireElevation(
  { permanentAccess, kind }: UserRow,
  access: number,
  accessUntil: Date,
  now: Date,
): void {
  if (kind === 'service')
    throw invalidBody('/accessUntil', 'conflict', 'is for people: no service account has a level for a time');
  if (access <= permanentAccess) {
    const message = `must be above ${permanentAccess}, the permanent level, when there is an accessUntil`;
    throw invalidBody('/access', 'too-small', message);
  }
  if (accessUntil <= now) throw invalidBody('/accessUntil', 'past', 'must be in the future');
}
