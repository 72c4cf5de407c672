import { noRequest } from '../../audit/event.ts';
import { exampleOf } from '../../config/check-environment.ts';
import { type Config, ConfigError } from '../../config/index.ts';
import { compile } from '../../lib/compile-schema.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { findWeakness } from '../passwords/strength.ts';
import { hasAdmin } from '../users/last-admin.ts';
import { EmailAddress, NewPassword } from '../users/schemas.ts';
import { hashAndBuildUser, insertUser } from '../users/users.ts';

const NAME = 'Admin';

/**
 * Checks ADMIN_EMAIL and ADMIN_PASSWORD against the rules of every other account. It does not look for common
 * passwords, because that takes a list.
 *
 * @throws {ConfigError} when one of them breaks a rule
 */
export function checkFirstAdmin({
  firstAdmin,
  passwordMinLength,
}: Pick<Config, 'firstAdmin' | 'passwordMinLength'>): void {
  if (firstAdmin === undefined) return;
  if (!compile(EmailAddress)(firstAdmin.email))
    throw new ConfigError(
      `ADMIN_EMAIL must be an email address, in ASCII characters before the @ ${exampleOf('ADMIN_EMAIL')}`,
    );
  if (!compile(NewPassword(passwordMinLength))(firstAdmin.password)) {
    throw new ConfigError(
      `ADMIN_PASSWORD must have ${passwordMinLength} to 128 characters ${exampleOf('ADMIN_PASSWORD')}`,
    );
  }
}

/**
 * Creates the admin of ADMIN_EMAIL and ADMIN_PASSWORD if there is no admin yet. When several processes start
 * at once, one of them creates it.
 *
 * @param account checked with {@link checkFirstAdmin}
 * @returns whether it was created
 * @throws {ConfigError} when the address has an account, because the person who registered it would become an
 *   admin; when the password is one of the most common ones
 */
export async function createFirstAdmin(
  context: AccountsContext,
  account: { email: string; password: string },
): Promise<boolean> {
  const { db, levels } = context;
  if (await hasAdmin(db, levels)) return false;
  const weakness = await findWeakness(account.password, { ...account, name: NAME });
  if (weakness !== undefined)
    throw new ConfigError(`ADMIN_PASSWORD ${weakness} ${exampleOf('ADMIN_PASSWORD')}`);
  const data = await hashAndBuildUser({ ...account, name: NAME, access: levels.admin });
  return makeChange(context, async (change) => {
    const { tx } = change;
    if (await hasAdmin(tx, levels)) return false;
    const taken = await tx.user.findUnique({ where: { email: data.email }, select: { id: true } });
    if (taken !== null) {
      throw new ConfigError(
        "ADMIN_EMAIL already has an account, which may be a stranger's: set it to an address that has none",
      );
    }
    await insertUser(change, data, { action: 'user.created', requestContext: noRequest });
    return true;
  });
}
