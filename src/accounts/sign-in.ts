import { invalidCredentials, invalidToken } from '../access/challenges.ts';
import type { Origin } from '../audit/event.ts';
import { Problem } from '../problems/problem.ts';
import type { AccountsContext, Actor } from './context.ts';
import { normalizeEmail } from './email.ts';
import { hashPassword, needsRehash, verifyPassword } from './passwords.ts';

/** Somebody whose password was verified, and the epoch of the row that it was verified against. */
export interface SignedIn {
  readonly id: string;
  readonly epoch: number;
}

/**
 * Verifies credentials. Unknown users, disabled users and wrong passwords take the same time
 * and get the same answer (OWASP Authentication Cheat Sheet, "Authentication and Error Messages").
 *
 * @throws {Problem} `invalid-credentials`
 */
export async function signIn(
  { db, tally }: AccountsContext,
  credentials: { email: string; password: string },
  origin: Origin,
): Promise<SignedIn> {
  const email = normalizeEmail(credentials.email);
  const user = email === undefined ? null : await db.user.findUnique({ where: { email } });
  const verified = await verifyPassword(user?.passwordHash, credentials.password);
  if (user === null || user.disabled || !verified) {
    tally.add({ action: 'sign-in.failed', actorId: null, targetId: user?.id ?? null, origin });
    throw invalidCredentials();
  }
  if (needsRehash(user.passwordHash)) {
    const passwordHash = await hashPassword(credentials.password);
    // Only while the hash is the one that was verified: the password may have been changed meanwhile.
    await db.user.updateMany({
      where: { id: user.id, passwordHash: user.passwordHash },
      data: { passwordHash },
    });
  }
  return { id: user.id, epoch: user.epoch };
}

/**
 * Verifies the password of somebody who is signed in.
 *
 * @throws {Problem} `wrong-password`; `invalid-token` when the user is gone or disabled
 */
export async function verifyOwnPassword(
  { db, tally }: AccountsContext,
  actor: Actor,
  password: string,
): Promise<SignedIn> {
  const user = await db.user.findUnique({ where: { id: actor.userId } });
  if (user === null || user.disabled) throw invalidToken();
  if (!(await verifyPassword(user.passwordHash, password))) {
    const { userId, origin } = actor;
    tally.add({ action: 'sign-in.failed', actorId: userId, targetId: userId, origin });
    throw new Problem('wrong-password');
  }
  return { id: user.id, epoch: user.epoch };
}
