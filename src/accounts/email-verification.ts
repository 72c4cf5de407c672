import type { Origin } from '../audit/event.ts';
import { Problem } from '../problems/problem.ts';
import type { AccountsContext } from './context.ts';
import { completeEmailChange } from './email-change.ts';
import { hashMailToken } from './mail-tokens.ts';
import { verifyPassword } from './passwords.ts';
import { completeRegistration } from './registration.ts';
import { tryMailToken } from './tries.ts';
import type { User } from './user.schemas.ts';

/**
 * Confirms an address with the token that was mailed there, and the password of whoever gave the address: the one of the
 * registration, or of the account that changes. So a stranger who registers with somebody's address gains nothing when its owner
 * follows the link.
 *
 * @throws {Problem} `mail-token-invalid`; `wrong-password`; `email-taken` when the address got an account meanwhile;
 *   `registration-closed`
 */
export async function verifyEmail(
  context: AccountsContext,
  { token, password }: { token: string; password: string },
  { origin, registrationIsOpen }: { origin: Origin; registrationIsOpen: boolean },
): Promise<User> {
  const { db, now, tally } = context;
  const where = { tokenHash: hashMailToken(token), expiresAt: { gt: await now(db) } };
  const attempt = await tryMailToken(context, origin);
  const requirePassword = async (hash: string, targetId: string | null) => {
    if (await verifyPassword(hash, password)) return attempt.succeed();
    tally.add({ action: 'sign-in.failed', actorId: null, targetId, origin });
    throw new Problem('wrong-password');
  };

  const registration = await db.registration.findUnique({ where });
  if (registration !== null) {
    if (!registrationIsOpen) throw new Problem('registration-closed');
    await requirePassword(registration.passwordHash, null);
    return completeRegistration(context, registration, origin);
  }
  const emailChange = await db.emailChange.findUnique({
    where,
    include: { user: { select: { passwordHash: true, disabled: true } } },
  });
  if (emailChange === null || emailChange.user.disabled) throw new Problem('mail-token-invalid');
  const { passwordHash } = emailChange.user;
  await requirePassword(passwordHash, emailChange.userId);
  return completeEmailChange(context, emailChange, passwordHash, origin);
}
