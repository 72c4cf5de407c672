import { accessDenied } from '../../access/challenges.ts';
import type { Transaction } from '../../db/client.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import { type CurrentActor, change, type Effects, recheckActor } from '../change.ts';
import type { AccountsContext, Actor, Principal } from '../context.ts';
import { accessAsOf } from '../elevation.ts';
import { voidInvitations } from '../invitations/end.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { normalizeName } from '../normalize.ts';
import { raiseEpoch } from '../sessions/end.ts';
import { lockAdmins, requireAnotherAdmin } from './last-admin.ts';
import type { User } from './schemas.ts';
import { nameKey } from './sort-keys.ts';
import { type AccessChange, changeAccess } from './update-access.ts';
import { toUser, type UserRow, userColumns } from './users.ts';

/** Throws when a user is not as the caller believes; runs inside the transaction of the change. */
export type Precondition = (user: User) => void;

/**
 * Changes the name of the user of a token.
 *
 * @throws {Problem} `invalid-token` when the session has ended; what the precondition throws
 */
export async function changeOwnName(
  context: AccountsContext,
  actor: Actor,
  name: string,
  precondition: Precondition,
): Promise<User> {
  return change(context, async (tx, effects) => {
    await recheckActor(context, tx, actor);
    const before = await tx.user.findUniqueOrThrow({ where: { id: actor.userId }, select: userColumns });
    precondition(toUser(before, context.levels));
    const renamed = rename(before, name, actor, effects);
    const data = { ...renamed, updatedAt: new Date() };
    return toUser(
      await tx.user.update({ where: { id: before.id }, data, select: userColumns }),
      context.levels,
    );
  });
}

/** What an admin can change of a user. */
export interface UserChange extends AccessChange {
  readonly name?: string;
  readonly disabled?: boolean;
}

/**
 * Changes a user on behalf of an admin, or of whoever runs the service. Another level ends the validity of the access tokens that the user holds;
 * disabling ends the sessions too.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued;
 *   `access-denied` for a level that the actor may not give; `last-admin`; what the precondition throws
 */
export async function changeUser(
  context: AccountsContext,
  actor: Principal,
  userId: string,
  wanted: UserChange,
  precondition: Precondition,
): Promise<User> {
  assertNotEmpty(wanted);
  return change(context, async (tx, effects) => {
    if (wanted.access !== undefined || wanted.disabled === true) await lockAdmins(tx);
    const current = await recheckActor(context, tx, actor);
    const before = await tx.user.findUnique({
      where: { id: userId.toLowerCase() },
      select: { ...userColumns, generation: true },
    });
    if (before === null) throw new Problem('user-not-found');
    precondition(toUser(before, context.levels));
    const { id } = before;
    const data = {
      ...(wanted.name !== undefined && rename(before, wanted.name, actor, effects, wanted.reason)),
      ...(await changeState(context, tx, actor, current, before, wanted, effects)),
      ...(await changeAccess(context, tx, actor, current, before, wanted, effects)),
      updatedAt: new Date(),
    };
    const { generation, ...row } = await tx.user.update({
      where: { id },
      data,
      select: { ...userColumns, generation: true },
    });
    if (generation !== before.generation) effects.revoke({ userId: id, generation });
    return toUser(row, context.levels);
  });
}

/** @throws {Problem} `validation-failed` when nothing is wanted, or a time limit of no level */
function assertNotEmpty({ name, access, accessUntil, disabled }: UserChange): void {
  if (accessUntil !== undefined && access === undefined)
    throw invalidBody('/access', 'is required with accessUntil');
  if (name === undefined && access === undefined && disabled === undefined)
    throw invalidBody('', 'must have name, access or disabled');
}

function rename(
  { id, name: before }: UserRow,
  wanted: string,
  { userId: actorId, requestContext }: Principal,
  { record }: Pick<Effects, 'record'>,
  reason?: string,
) {
  const name = normalizeName(wanted);
  if (name === before) return {};
  const personal = { before: { name: before }, after: { name }, ...(reason !== undefined && { reason }) };
  record({ action: 'user.name-changed', actorId, targetId: id, personal, requestContext });
  return { name, nameKey: nameKey(name, id) };
}

async function changeState(
  context: AccountsContext,
  tx: Transaction,
  { userId: actorId, requestContext }: Principal,
  { maxGrantableLevel }: CurrentActor,
  before: UserRow,
  { disabled, reason }: UserChange,
  { record }: Pick<Effects, 'record'>,
) {
  if (disabled === undefined || disabled === before.disabled) return {};
  if (disabled) {
    await requireAnotherAdmin(tx, context.levels, before);
    await raiseEpoch(tx, before.id);
    await voidMailTokens(context, tx, before);
    await voidInvitations(context, tx, before.id, { actorId, requestContext, record });
  } else {
    // Whoever could not make this user an admin does not bring one back either.
    const level = Math.max(before.permanentAccess, accessAsOf(before, await context.now(tx)));
    if (level > maxGrantableLevel) throw accessDenied(level, maxGrantableLevel);
  }
  const action = disabled ? 'user.disabled' : 'user.enabled';
  record({
    action,
    actorId,
    targetId: before.id,
    ...(reason !== undefined && { personal: { reason } }),
    requestContext,
  });
  return { disabled };
}
