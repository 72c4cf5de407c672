import { EmailAddress } from '../../accounts/users/schemas.ts';
import { readConfig } from '../../config/index.ts';
import { checkOption, checkPassword } from '../check-input.ts';
import { print } from '../print.ts';
import { readPassword } from '../read-password.ts';

/** Options on the command line. */
export interface UserResetPasswordOptions {
  readonly email: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey user reset-password`.
 *
 * @throws {UsageError} when the address or the password breaks a rule
 * @throws {Problem} when no user has the address
 */
export async function resetFromCommandLine({ email, json }: UserResetPasswordOptions): Promise<void> {
  const config = readConfig();
  checkOption('--email', EmailAddress, email);
  const password = await readPassword();
  checkPassword(config, password);
  const [{ withExistingAccounts }, { resetPasswordOf }] = await Promise.all([
    import('../accounts.ts'),
    import('../../accounts/credentials/password-reset.ts'),
  ]);
  const user = await withExistingAccounts(config, (context) => resetPasswordOf(context, { email, password }));
  const note = user.disabled ? '; the account is still disabled' : '';
  const text = `Set the password of ${user.email}: every session has ended${note}`;
  await print(`${json ? JSON.stringify(user) : text}\n`);
}
