import { operator } from '../../accounts/context.ts';
import { EmailAddress } from '../../accounts/users/schemas.ts';
import { readConfig } from '../../config/index.ts';
import { checkOption } from '../check-input.ts';
import { print } from '../print.ts';

/** Options on the command line. */
export interface ResetAuthenticatorsOptions {
  readonly email: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey user reset-authenticators`.
 *
 * @throws {UsageError} when the address breaks a rule
 * @throws {Problem} when no user has the address
 */
export async function resetAuthenticatorsFromCommandLine({
  email,
  json,
}: ResetAuthenticatorsOptions): Promise<void> {
  const config = readConfig();
  checkOption('--email', EmailAddress, email);
  // Imported here, so that a usage error is reported without delay.
  const [{ withExistingAccounts }, { resetAuthenticators }, { requireEmail }, { findUserByEmail }] =
    await Promise.all([
      import('../accounts.ts'),
      import('../../accounts/authenticators/reset.ts'),
      import('../../accounts/normalize.ts'),
      import('../../accounts/users/users.ts'),
    ]);
  const { removed, user } = await withExistingAccounts(config, async (context) => ({
    removed: await resetAuthenticators(context, operator, { email: requireEmail(email) }),
    user: await findUserByEmail(context, email),
  }));
  const text = removed
    ? `Removed the second factor of ${user.email}: every session has ended`
    : `${user.email} has no second factor`;
  await print(`${json ? JSON.stringify(user) : text}\n`);
}
