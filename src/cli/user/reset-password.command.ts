import type { Command } from 'commander';
import type { UserResetPasswordOptions } from './reset-password.ts';

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

Exit codes: 0 done, 1 failed, 2 called wrongly.

Examples:
  latchkey user reset-password --email ada@example.com
  latchkey user reset-password --email ada@example.com < password.txt`,
    )
    .action(async (options: UserResetPasswordOptions) => {
      const { resetFromCommandLine } = await import('./reset-password.ts');
      await resetFromCommandLine(options);
    });
}
