import { noRequest, type RequestContext } from '../../audit/event.ts';
import type { Transaction } from '../../db/client.ts';
import { newId } from '../../lib/id.ts';
import { Problem } from '../../problems/problem.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { allowsMail } from '../mail-limits.ts';
import { hashMailToken, voidMailTokens } from '../mail-tokens.ts';
import { requireEmail } from '../normalize.ts';
import { noticeTo } from '../notices.ts';
import { hashPassword, isUsableHash, requireHashingCapacity } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { endEverySession } from '../sessions/end.ts';
import { attemptProof, unlockAccount } from '../sign-in/attempts.ts';
import { requireSignInMethod } from '../sign-in/required-method.ts';
import type { User } from '../users/schemas.ts';
import { noSuchAddress, toUser, type UserRow, userColumns } from '../users/users.ts';
import { mailResetToken } from './reset-token.ts';

/**
 * Mails a password reset token. For an address without an account the same rows are written and no mail is
 * sent. Neither the answer nor its time tells whether there is an account. An account that has no password,
 * and an authenticator of the second class, gets a notice: the mailbox alone must not open it.
 *
 * @param input checked against its schema
 * @throws {Problem} `sign-in-method-off`
 */
export async function requestPasswordReset(
  context: AccountsContext,
  input: { email: string },
  requestContext: RequestContext,
): Promise<void> {
  requireSignInMethod(context, 'password');
  const email = requireEmail(input.email);
  await makeChange(context, async (change) => {
    const { tx } = change;
    const select = { id: true, secondFactor: true, passwordHash: true } as const;
    const user = await tx.user.findUnique({ where: { email, disabled: false }, select });
    const mail = { recipient: email, templates: ['password-reset', 'sign-in-by-passkey'] } as const;
    if (!(await allowsMail(change, mail, requestContext))) return;
    const needsNoPassword = user?.secondFactor === true && !isUsableHash(user.passwordHash);
    const owner = { id: needsNoPassword ? newId() : (user?.id ?? newId()), email };
    await mailResetToken(change, owner, {
      template: needsNoPassword ? 'sign-in-by-passkey' : 'password-reset',
      limited: true,
      isDecoy: user === null,
    });
  });
}

/**
 * Sets a new password with the token that was mailed. Every session ends, and all other mailed tokens are
 * void.
 *
 * @param newPassword checked against its schema
 * @throws {Problem} `mail-token-invalid`; `sign-in-method-off`
 */
export async function resetPassword(
  context: AccountsContext,
  { token, newPassword }: { token: string; newPassword: string },
  requestContext: RequestContext,
): Promise<void> {
  requireSignInMethod(context, 'password');
  requireHashingCapacity();
  const { db, now } = context;
  const tokenHash = hashMailToken(token);
  const where = { tokenHash, expiresAt: { gt: await now(db) } };
  // The token is checked before the password is hashed: an attempt with a wrong token must be cheap.
  const owner = await attemptProof(context, requestContext, 'mail-token', async () => {
    const asked = await db.passwordReset.findUnique({ where });
    return asked && db.user.findUnique({ where: { id: asked.userId, disabled: false } });
  });
  if (owner === null) throw new Problem('mail-token-invalid');
  await replacePassword(context, owner, {
    newPassword,
    pointer: '/newPassword',
    actorId: owner.id,
    requestContext,
    requireAllowed: async (tx) => {
      const reset = await tx.passwordReset.findUnique({ where: { tokenHash }, select: { userId: true } });
      if (reset?.userId !== owner.id) throw new Problem('mail-token-invalid');
      const where = { id: owner.id, disabled: false };
      if ((await tx.user.count({ where })) === 0) throw new Problem('mail-token-invalid');
    },
  });
}

/**
 * Sets a user's password on behalf of an operator. A disabled user stays disabled.
 *
 * @param input checked against its schema
 * @throws {Problem} `user-not-found`; `validation-failed` for a password that is too common
 */
export async function resetPasswordOf(
  context: AccountsContext,
  input: { email: string; password: string },
): Promise<User> {
  const { db, levels } = context;
  const email = requireEmail(input.email);
  const owner = await db.user.findUnique({ where: { email }, select: userColumns });
  if (owner === null) throw noSuchAddress();
  const changed = await replacePassword(context, owner, {
    newPassword: input.password,
    pointer: '/password',
    actorId: null,
    requestContext: noRequest,
    requireAllowed: async (tx) => {
      if ((await tx.user.count({ where: { id: owner.id, email } })) === 0) throw noSuchAddress();
    },
  });
  return toUser(changed, levels);
}

interface Replacement {
  readonly newPassword: string;
  /** JSON Pointer to the password in the request body. */
  readonly pointer: string;
  readonly actorId: string | null;
  readonly requestContext: RequestContext;
  /**
   * Checks again, inside the transaction, what was checked before the password was hashed. Throws when it has
   * changed.
   */
  requireAllowed(tx: Transaction): Promise<void>;
}

/** Replaces a forgotten password. Every session ends, and the account is unlocked. */
async function replacePassword(
  context: AccountsContext,
  owner: UserRow,
  { newPassword, pointer, actorId, requestContext, requireAllowed }: Replacement,
): Promise<UserRow> {
  const { id } = owner;
  await requireGoodPassword(newPassword, owner, pointer);
  const passwordHash = await hashPassword(newPassword);
  const changed = await makeChange(context, async (change) => {
    const { tx, record, send } = change;
    await requireAllowed(tx);
    await endEverySession(change, id);
    const data = { passwordHash, updatedAt: new Date() };
    const user = await tx.user.update({ where: { id }, data, select: userColumns });
    await voidMailTokens(change, user);
    record({ action: 'user.password-reset', actorId, targetId: id, requestContext });
    send(noticeTo(context, user.email, 'password-changed'));
    return user;
  });
  await unlockAccount(context, changed);
  return changed;
}
