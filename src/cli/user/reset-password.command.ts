import type { Command } from 'commander';
import type { UserResetPasswordOptions } from './reset-password.ts';

/** `latchkey user reset-password` */
export function userResetPasswordCommand(user: Command): void {
  user
    .command('reset-password')
    .description(
      'set the password of a user, end all sessions and notify the user by mail; prompts for the password, or reads it from standard input',
    )
    .requiredOption('--email <address>', 'email address of the user')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
It also unlocks an account that is locked after 100 wrong passwords in a row.

Exit codes: 0 success, 1 failure, 2 usage error.

Examples:
  latchkey user reset-password --email ada@example.com
  latchkey user reset-password --email ada@example.com < password.txt`,
    )
    .action(async (options: UserResetPasswordOptions) => {
      const { resetFromCommandLine } = await import('./reset-password.ts');
      await resetFromCommandLine(options);
    });
}
