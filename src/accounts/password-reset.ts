import type { Origin } from '../audit/event.ts';
import { newId } from '../db/id.ts';
import { Problem } from '../problems/problem.ts';
import { change } from './change.ts';
import type { AccountsContext } from './context.ts';
import { requireEmail } from './email.ts';
import { hashMailToken, lifetimes, newMailToken, tokenValues, voidMailTokens } from './mail-tokens.ts';
import { noticeTo } from './notices.ts';
import { requireGoodPassword } from './password-rules.ts';
import { hashPassword } from './passwords.ts';
import { raiseEpoch } from './session-endings.ts';
import { reopen, tryMailToken } from './tries.ts';

/**
 * Sends somebody who forgot the password what sets a new one. For addresses without an account the same rows are written, and
 * no mail is sent: neither the answer nor its time tells which it was.
 *
 * @param input checked against its schema
 */
export async function requestPasswordReset(
  context: AccountsContext,
  input: { email: string },
): Promise<void> {
  const email = requireEmail(input.email);
  await change(context, async (tx, { send }) => {
    const user = await tx.user.findUnique({ where: { email, disabled: false }, select: { id: true } });
    if (!(await context.outbox.allows(tx, email))) return;
    const createdAt = await context.now(tx);
    const expiresAt = new Date(createdAt.getTime() + lifetimes.reset);
    const { token, tokenHash } = newMailToken();
    const userId = user?.id ?? newId();
    await context.outbox.takeBack(tx, email, ['password-reset']);
    await tx.passwordReset.deleteMany({ where: { userId } });
    await tx.passwordReset.create({ data: { id: newId(), tokenHash, userId, createdAt, expiresAt } });
    send({
      recipient: email,
      template: 'password-reset',
      values: tokenValues(context, 'reset', token),
      notAfter: expiresAt,
      limited: true,
      isDecoy: user === null,
    });
  });
}

/**
 * Sets a new password with the token that was mailed. Every session ends, and everything else that was mailed is void.
 *
 * @param newPassword checked against its schema
 * @throws {Problem} `mail-token-invalid`
 */
export async function resetPassword(
  context: AccountsContext,
  { token, newPassword }: { token: string; newPassword: string },
  origin: Origin,
): Promise<void> {
  const { db, now } = context;
  const tokenHash = hashMailToken(token);
  const where = { tokenHash, expiresAt: { gt: await now(db) } };
  // Before the password is hashed, which costs more than a guess should.
  const attempt = await tryMailToken(context, origin);
  const asked = await db.passwordReset.findUnique({ where });
  const owner = asked && (await db.user.findUnique({ where: { id: asked.userId, disabled: false } }));
  if (owner === null) throw new Problem('mail-token-invalid');
  await attempt.succeed();
  await requireGoodPassword(newPassword, owner, '/newPassword');
  const passwordHash = await hashPassword(newPassword);
  const email = await change(context, async (tx, { revoke, record, send }) => {
    const reset = await tx.passwordReset.findUnique({ where: { tokenHash } });
    const user = reset && (await tx.user.findUnique({ where: { id: reset.userId, disabled: false } }));
    if (user === null) throw new Problem('mail-token-invalid');
    const { id, email } = user;
    await voidMailTokens(context, tx, user);
    const { generation } = await raiseEpoch(tx, id);
    await tx.user.update({ where: { id }, data: { passwordHash, updatedAt: new Date() } });
    revoke({ userId: id, generation });
    record({ action: 'user.password-reset', actorId: id, targetId: id, origin });
    send(noticeTo(context, email, 'password-changed'));
    return email;
  });
  await reopen(context, email);
}
