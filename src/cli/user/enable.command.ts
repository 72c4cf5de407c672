import type { Command } from 'commander';
import type { UserChangeOptions } from './change.ts';

/** `latchkey user enable` */
export function userEnableCommand(user: Command): void {
  user
    .command('enable')
    .description('allow a disabled user to sign in again')
    .requiredOption('--email <address>', 'email address of the user')
    .option('--reason <text>', 'reason, for the audit')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Earlier sessions and tokens stay invalid. The user signs in with the same password as before.

Exit codes: 0 success, 1 failure, 2 usage error.

Example:
  latchkey user enable --email ada@example.com`,
    )
    .action(async (options: UserChangeOptions) => {
      const { setStateFromCommandLine } = await import('./change.ts');
      await setStateFromCommandLine(options, false);
    });
}
