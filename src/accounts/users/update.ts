import { invalidBody, Problem } from '../../problems/problem.ts';
import { requireAuthorityOver } from '../authority.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor, Principal } from '../context.ts';
import { voidInvitations } from '../invitations/end.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { normalizeName } from '../normalize.ts';
import { raiseEpoch } from '../sessions/end.ts';
import { findLastIssue } from '../sessions/last-issue.ts';
import { lockAdmins, requireAnotherAdmin } from './last-admin.ts';
import type { User } from './schemas.ts';
import { nameKey } from './sort-keys.ts';
import { changeAccess, type WantedAccess } from './update-access.ts';
import { toUser, toUserForAdmins, type UserRow, userColumns } from './users.ts';

/**
 * A check that runs inside the transaction of the change. It throws when the user is not in the state that
 * the caller expects.
 */
export type Precondition = (user: User) => void;

/**
 * Changes the name of the actor.
 *
 * @throws {Problem} `invalid-token` when the session has ended; any error of the precondition
 */
export async function changeOwnName(
  context: AccountsContext,
  actor: Actor,
  name: string,
  precondition: Precondition,
): Promise<User> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    const before = await tx.user.findUniqueOrThrow({ where: { id: actor.userId }, select: userColumns });
    precondition(toUser(before, context.levels));
    const data = { ...rename(change, before, name), updatedAt: new Date() };
    return toUser(
      await tx.user.update({ where: { id: before.id }, data, select: userColumns }),
      context.levels,
    );
  });
}

/** The properties that an actor wants a user to have. Those that are left out stay. */
export interface WantedUser extends WantedAccess {
  readonly name?: string;
  readonly disabled?: boolean;
}

/**
 * Changes a user on behalf of an admin or of an operator. Another access level revokes the user's access
 * tokens. Disabling a user ends the sessions too.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued;
 *   `access-denied` for a level that the actor may not give, and for a user who has one; `last-admin`; any
 *   error of the precondition
 */
export async function changeUser(
  context: AccountsContext,
  actor: Principal,
  userId: string,
  wanted: WantedUser,
  precondition: Precondition,
): Promise<User> {
  assertNotEmpty(wanted);
  return makeChange(context, async (unchecked) => {
    const { tx, revoke } = unchecked;
    if (wanted.access !== undefined || wanted.disabled === true) await lockAdmins(tx);
    const change = await recheckActor(unchecked, actor);
    const before = await tx.user.findUnique({
      where: { id: userId.toLowerCase() },
      select: { ...userColumns, generation: true },
    });
    if (before === null) throw new Problem('user-not-found');
    await requireAuthorityOver(change, before);
    precondition(toUser(before, context.levels));
    const { id } = before;
    // Read before a disabled user's sessions are deleted.
    const mayRevoke = wanted.access !== undefined || wanted.disabled === true;
    const lastIssuedAt = mayRevoke ? await findLastIssue(tx, id) : null;
    const data = {
      ...(wanted.name !== undefined && rename(change, before, wanted.name, wanted.reason)),
      ...(await changeState(change, before, wanted)),
      ...(await changeAccess(change, before, wanted)),
      updatedAt: new Date(),
    };
    const { generation, ...row } = await tx.user.update({
      where: { id },
      data,
      select: { ...userColumns, generation: true },
    });
    if (generation !== before.generation) revoke({ userId: id, generation, lastIssuedAt });
    return toUserForAdmins(row, context.levels);
  });
}

/** @throws {Problem} `validation-failed` when nothing is wanted, or a time limit without a level */
function assertNotEmpty({ name, access, accessUntil, disabled }: WantedUser): void {
  if (accessUntil !== undefined && access === undefined)
    throw invalidBody('/access', 'required', 'is required with accessUntil');
  if (name === undefined && access === undefined && disabled === undefined)
    throw invalidBody('', 'required', 'must have name, access or disabled');
}

function rename({ actor, record }: ActorChange, before: UserRow, wantedName: string, reason?: string) {
  const name = normalizeName(wantedName);
  if (name === before.name) return {};
  record({
    action: 'user.name-changed',
    actorId: actor.userId,
    targetId: before.id,
    personal: { before: { name: before.name }, after: { name }, ...(reason !== undefined && { reason }) },
    requestContext: actor.requestContext,
  });
  return { name, nameKey: nameKey(name, before.id) };
}

async function changeState(change: ActorChange, before: UserRow, { disabled, reason }: WantedUser) {
  if (disabled === undefined || disabled === before.disabled) return {};
  const { context, tx, actor } = change;
  if (disabled) {
    await requireAnotherAdmin(tx, context, before);
    await raiseEpoch(change, before.id);
    await voidMailTokens(change, before);
    await voidInvitations(change, [before.id]);
  }
  change.record({
    action: disabled ? 'user.disabled' : 'user.enabled',
    actorId: actor.userId,
    targetId: before.id,
    ...(reason !== undefined && { personal: { reason } }),
    requestContext: actor.requestContext,
  });
  return { disabled };
}
