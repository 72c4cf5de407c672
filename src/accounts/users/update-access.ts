import { accessDenied } from '../../access/challenges.ts';
import type { Transaction } from '../../db/client.ts';
import { invalidBody } from '../../problems/problem.ts';
import type { CurrentActor, Effects } from '../change.ts';
import type { AccountsContext, Principal } from '../context.ts';
import { accessAsOf } from '../elevation.ts';
import { voidInvitations } from '../invitations/end.ts';
import { noticeTo } from '../notices.ts';
import { requireAnotherAdmin } from './last-admin.ts';
import type { UserRow } from './users.ts';

/** Another access level of a user. */
export interface AccessChange {
  readonly access?: number;
  /** When the new level ends and the permanent one is back; null and left out stand for never. */
  readonly accessUntil?: Date | null;
  readonly reason?: string;
}

/**
 * The columns of another access level, with what follows from it; none when the level is the same.
 *
 * @throws {Problem} `access-denied` for a level that the actor may not give; `validation-failed` for a time limit that would
 *   not limit anything; `last-admin`
 */
export async function changeAccess(
  context: AccountsContext,
  tx: Transaction,
  { userId: actorId, requestContext }: Principal,
  { maxGrantableLevel }: CurrentActor,
  before: UserRow,
  { access, accessUntil = null, reason }: AccessChange,
  { record, send }: Pick<Effects, 'record' | 'send'>,
) {
  if (access === undefined) return {};
  const now = await context.now(tx);
  const current = accessAsOf(before, now);
  const until = current === before.permanentAccess ? null : before.accessUntil;
  if (access === current && accessUntil?.getTime() === until?.getTime()) return {};
  if (access > maxGrantableLevel && !(access === before.permanentAccess && accessUntil === null))
    throw accessDenied(access, maxGrantableLevel);
  if (accessUntil !== null) requireElevation(before, access, accessUntil, now);
  const permanentAccess = accessUntil === null ? access : before.permanentAccess;
  if (permanentAccess < before.permanentAccess) await requireAnotherAdmin(tx, context.levels, before);
  if (permanentAccess < before.permanentAccess || access < current)
    await voidInvitations(context, tx, before.id, { actorId, requestContext, record });
  record({
    action: 'user.access-changed',
    actorId,
    targetId: before.id,
    before: { access: current, accessUntil: until?.toISOString() ?? null },
    after: { access, accessUntil: accessUntil?.toISOString() ?? null },
    ...(reason !== undefined && { personal: { reason } }),
    requestContext,
  });
  const span = accessUntil === null ? '' : ` until ${accessUntil.toISOString()}`;
  send(noticeTo(context, before.email, 'access-changed', { access: context.levels.nameOf(access) + span }));
  return { access, permanentAccess, accessUntil, generation: { increment: 1 } };
}

/** @throws {Problem} `validation-failed` */
function requireElevation({ permanentAccess }: UserRow, access: number, accessUntil: Date, now: Date): void {
  if (access <= permanentAccess) {
    const message = `must be above ${permanentAccess}, the permanent level, when there is an accessUntil`;
    throw invalidBody('/access', message);
  }
  if (accessUntil <= now) throw invalidBody('/accessUntil', 'must be in the future');
}
