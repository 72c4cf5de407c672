import { invalidCredentials } from '../access/challenges.ts';
import type { AccountsContext } from './context.ts';
import { normalizeEmail } from './email.ts';
import { hashPassword, needsRehash, verifyPassword } from './passwords.ts';

/** What an access token is made of, all from one read of one row. */
export interface SignedIn {
  readonly id: string;
  readonly access: number;
  readonly generation: number;
}

/**
 * Verifies credentials. Unknown users, disabled users and wrong passwords take the same time
 * and get the same answer (OWASP Authentication Cheat Sheet, "Authentication and Error Messages").
 *
 * @throws {Problem} `invalid-credentials`
 */
export async function signIn(
  { db }: AccountsContext,
  credentials: { email: string; password: string },
): Promise<SignedIn> {
  const email = normalizeEmail(credentials.email);
  const user = email === undefined ? null : await db.user.findUnique({ where: { email } });
  const verified = await verifyPassword(user?.passwordHash, credentials.password);
  if (user === null || user.disabled || !verified) throw invalidCredentials();
  if (needsRehash(user.passwordHash)) {
    const passwordHash = await hashPassword(credentials.password);
    // Only while the hash is the one that was verified: the password may have been changed meanwhile.
    await db.user.updateMany({
      where: { id: user.id, passwordHash: user.passwordHash },
      data: { passwordHash },
    });
  }
  return { id: user.id, access: user.access, generation: user.generation };
}
