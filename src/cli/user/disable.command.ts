import type { Command } from 'commander';
import type { UserChangeOptions } from './change.ts';

/** `latchkey user disable` */
export function userDisableCommand(user: Command): void {
  user
    .command('disable')
    .description('stop a user from signing in, and end every session of this user')
    .requiredOption('--email <address>', 'email address of the user')
    .option('--reason <text>', 'reason, for the audit')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Every running service applies it within 2 seconds. Invitations that the user sent become void. The last
admin cannot be disabled.

Exit codes: 0 success, 1 failure, 2 usage error.

Example:
  latchkey user disable --email ada@example.com --reason "stolen laptop"`,
    )
    .action(async (options: UserChangeOptions) => {
      const { setStateFromCommandLine } = await import('./change.ts');
      await setStateFromCommandLine(options, true);
    });
}
