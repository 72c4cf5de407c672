import type { Command } from 'commander';
import type { UserChangeOptions } from './change.ts';

/** `latchkey user enable` */
export function userEnableCommand(user: Command): void {
  user
    .command('enable')
    .description('let a user who was disabled sign in again')
    .requiredOption('--email <address>', 'email address of the user')
    .option('--reason <text>', 'why, for the audit')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Sessions and tokens of before stay ended: the user signs in with the password of before.

Exit codes: 0 done, 1 failed, 2 called wrongly.

Example:
  latchkey user enable --email ada@example.com`,
    )
    .action(async (options: UserChangeOptions) => {
      const { setStateFromCommandLine } = await import('./change.ts');
      await setStateFromCommandLine(options, false);
    });
}
