import type { Command } from 'commander';
import { resetPasswordOf } from '../accounts/password-reset.ts';
import { EmailAddress } from '../accounts/user.schemas.ts';
import { readConfig } from '../config.ts';
import { withAccounts } from './accounts.ts';
import { checkOption, checkPassword } from './check-input.ts';
import { readPassword } from './read-password.ts';

interface Options {
  readonly email: string;
  readonly json?: boolean;
}

/** `latchkey user reset-password` */
export function userResetPasswordCommand(user: Command): void {
  user
    .command('reset-password')
    .description(
      'set the password of a user, who is signed out everywhere and told by mail; it is asked for, or read from standard input',
    )
    .requiredOption('--email <address>', 'email address of the user')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
It also opens an account again that was closed after 100 wrong passwords in a row.

Examples:
  latchkey user reset-password --email ada@example.com
  latchkey user reset-password --email ada@example.com < password.txt`,
    )
    .action(resetFromCommandLine);
}

async function resetFromCommandLine({ email, json }: Options): Promise<void> {
  const config = readConfig();
  checkOption('--email', EmailAddress, email);
  const password = await readPassword();
  checkPassword(config, password);
  const user = await withAccounts(config, (context) => resetPasswordOf(context, { email, password }));
  const note = user.disabled ? '; the account is still disabled' : '';
  const text = `Set the password of ${user.email}: every session has ended${note}`;
  process.stdout.write(`${json ? JSON.stringify(user) : text}\n`);
}
