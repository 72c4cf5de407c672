import type { RequestContext } from '../../audit/event.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken } from '../mail-tokens.ts';
import { requireHashingCapacity, verifyPassword } from '../passwords/hash.ts';
import { attemptMailToken, attemptPassword } from '../sign-in/attempts.ts';
import type { User } from '../users/schemas.ts';
import { completeEmailChange } from './email-change.ts';
import { completeRegistration } from './registration.ts';

/**
 * Confirms an email address with the token that was mailed there. A registration also needs its password: an
 * attacker who registers with another person's address gains nothing when the owner of the address follows
 * the link. A change of address was asked for in a recent sign-in, and needs the token alone.
 *
 * @throws {Problem} `mail-token-invalid`; `validation-failed` for a registration without a password;
 *   `wrong-password`; `email-taken` when the address got an account meanwhile; `registration-closed`
 */
export async function verifyEmail(
  context: AccountsContext,
  { token, password }: { token: string; password?: string },
  { requestContext, registrationIsOpen }: { requestContext: RequestContext; registrationIsOpen: boolean },
): Promise<User> {
  requireHashingCapacity();
  const { db, now } = context;
  const where = { tokenHash: hashMailToken(token), expiresAt: { gt: await now(db) } };
  const found = await attemptMailToken(context, requestContext, async () => {
    const registration = await db.registration.findUnique({ where });
    if (registration !== null) return { registration };
    const emailChange = await db.emailChange.findUnique({ where });
    return emailChange === null ? undefined : { emailChange };
  });
  if (found === undefined) throw new Problem('mail-token-invalid');
  if (found.registration === undefined)
    return completeEmailChange(context, found.emailChange, requestContext);
  const { registration } = found;
  if (!registrationIsOpen) throw new Problem('registration-closed');
  if (password === undefined)
    throw invalidBody('/password', 'required', 'is required to complete a registration');
  await requirePassword(context, registration, password, requestContext);
  return completeRegistration(context, registration, requestContext);
}

/** @throws {Problem} `wrong-password` */
async function requirePassword(
  context: AccountsContext,
  { email, passwordHash }: { readonly email: string; readonly passwordHash: string },
  password: string,
  requestContext: RequestContext,
): Promise<void> {
  const isRight = await attemptPassword(context, { email, userId: undefined }, requestContext, (inSlot) =>
    verifyPassword(passwordHash, password, inSlot),
  );
  if (isRight) return;
  const event = { action: 'sign-in.failed', actorId: null, targetId: null, requestContext } as const;
  context.eventAggregator.add(event);
  throw new Problem('wrong-password');
}
