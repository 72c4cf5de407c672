import type { RequestContext } from '../../audit/event.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken } from '../mail-tokens.ts';
import { requireHashingCapacity, verifyPassword } from '../passwords/hash.ts';
import { type AttemptTarget, attemptMailToken, attemptPassword } from '../sign-in/attempts.ts';
import type { User } from '../users/schemas.ts';
import { completeEmailChange } from './email-change.ts';
import { completeRegistration } from './registration.ts';

/**
 * Confirms an email address with the token that was mailed there and a password. The password is that of the
 * registration, or that of the account whose address changes. An attacker who registers with another person's
 * address therefore gains nothing when the owner of the address follows the link.
 *
 * @throws {Problem} `mail-token-invalid`; `wrong-password`; `email-taken` when the address got an account
 *   meanwhile; `registration-closed`
 */
export async function verifyEmail(
  context: AccountsContext,
  { token, password }: { token: string; password: string },
  { requestContext, registrationIsOpen }: { requestContext: RequestContext; registrationIsOpen: boolean },
): Promise<User> {
  requireHashingCapacity();
  const { db, now, eventAggregator } = context;
  const where = { tokenHash: hashMailToken(token), expiresAt: { gt: await now(db) } };
  const found = await attemptMailToken(context, requestContext, async () => {
    const registration = await db.registration.findUnique({ where });
    if (registration !== null) return { registration };
    const emailChange = await db.emailChange.findUnique({ where, include: { user: true } });
    return emailChange === null || emailChange.user.disabled ? undefined : { emailChange };
  });
  if (found === undefined) throw new Problem('mail-token-invalid');
  const requirePassword = async (target: AttemptTarget, hash: string) => {
    if (
      await attemptPassword(context, target, requestContext, (inSlot) =>
        verifyPassword(hash, password, inSlot),
      )
    )
      return;
    eventAggregator.add({
      action: 'sign-in.failed',
      actorId: null,
      targetId: target.userId ?? null,
      requestContext,
    });
    throw new Problem('wrong-password');
  };

  if (found.registration !== undefined) {
    const { registration } = found;
    if (!registrationIsOpen) throw new Problem('registration-closed');
    await requirePassword({ email: registration.email, userId: undefined }, registration.passwordHash);
    return completeRegistration(context, registration, requestContext);
  }
  const { emailChange } = found;
  const { user, userId } = emailChange;
  const { passwordHash } = user;
  await requirePassword({ email: user.email, userId }, passwordHash);
  return completeEmailChange(context, emailChange, passwordHash, requestContext);
}
