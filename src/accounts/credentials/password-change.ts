import { invalidToken, recentSignInRequired } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { invalidBody } from '../../problems/problem.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { voidMailTokens } from '../mail-tokens.ts';
import { noticeTo } from '../notices.ts';
import { hashPassword, isUsableHash, requireHashingCapacity } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { continueAlone } from '../sessions/continue.ts';
import type { SessionGrant } from '../sessions/grant.ts';
import { requireSignInMethod } from '../sign-in/required-method.ts';
import { verifyOwnPassword } from '../sign-in/sign-in.ts';
import { findCaller } from '../users/users.ts';

const SECOND_MS = 1_000;

/** A change of one's own password. An account that has none yet sends no current one. */
export interface PasswordChange {
  readonly currentPassword?: string;
  readonly newPassword: string;
  /** False to keep the API keys: by default they end with the other sessions. */
  readonly endKeys?: boolean;
}

/**
 * Changes the actor's password. Every other session ends. The current session continues with tokens of the
 * new generation. The session of an account with a second factor must have two factors, and the password
 * alone does not renew its `auth_time`. The first password of an account needs a recent sign-in instead of
 * the current password.
 *
 * @param change.newPassword checked against its schema
 * @param maxAge seconds that may have passed since the sign-in, for a first password
 * @throws {Problem} `sign-in-method-off`; `two-factors-required`; `recent-sign-in-required`;
 *   `validation-failed` without the password of an account that has one; `wrong-password`; `invalid-token`
 *   when the session ended, or the password was changed, meanwhile
 */
export async function changePassword(
  context: AccountsContext,
  actor: SessionActor,
  { currentPassword, newPassword, endKeys = true }: PasswordChange,
  maxAge: number,
): Promise<SessionGrant> {
  requireSignInMethod(context, 'password');
  requireHashingCapacity();
  // Before the password is verified too: without a second factor, the answer says nothing about it.
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change);
    if (currentPassword === undefined) await requireFirstPassword(change, actor, maxAge);
  });
  const verified =
    currentPassword === undefined ? undefined : await verifyOwnPassword(context, actor, currentPassword);
  const { name, email: address } = await findCaller(context, actor.userId);
  await requireGoodPassword(newPassword, { name, email: address ?? '' }, '/newPassword');
  const passwordHash = await hashPassword(newPassword);
  return makeChange(context, async (unchecked) => {
    // Fails when the password was changed meanwhile: that has raised the generation.
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change);
    const { tx, record, send } = change;
    const { userId, requestContext } = actor;
    const { grant, email } = await continueAlone(change, actor, {
      keepsKeys: !endKeys,
      user: { passwordHash },
      session: verified?.hasSecondFactor === false ? { authenticatedAt: await context.now(tx) } : {},
    });
    await voidMailTokens(change, { id: userId, email });
    record({ action: 'user.password-changed', actorId: userId, targetId: userId, requestContext });
    send(noticeTo(context, email, 'password-changed'));
    return grant;
  });
}

/** @throws {Problem} `validation-failed` when the account has a password; `recent-sign-in-required` */
async function requireFirstPassword(
  { context, tx }: ActorChange,
  { userId, sessionId }: SessionActor,
  maxAge: number,
): Promise<void> {
  const user = await selectRow(tx, 'User', ['passwordHash'], { id: userId });
  const session = await selectRow(tx, 'Session', ['authenticatedAt'], { id: sessionId });
  if (user === undefined || session === undefined) throw invalidToken();
  if (isUsableHash(user.passwordHash))
    throw invalidBody('/currentPassword', 'required', 'is required: your account has a password');
  const age = (await context.now(tx)).getTime() - session.authenticatedAt.getTime();
  if (age > maxAge * SECOND_MS) throw recentSignInRequired(maxAge);
}
