import type { Command } from 'commander';
import type { UserChangeOptions } from './change.ts';

/** `latchkey user disable` */
export function userDisableCommand(user: Command): void {
  user
    .command('disable')
    .description('keep a user from signing in, and end every session of this user')
    .requiredOption('--email <address>', 'email address of the user')
    .option('--reason <text>', 'why, for the audit')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Every running service obeys within 2 seconds. Invitations that the user has sent are void. The last
admin stays enabled.

Exit codes: 0 done, 1 failed, 2 called wrongly.

Example:
  latchkey user disable --email ada@example.com --reason "stolen laptop"`,
    )
    .action(async (options: UserChangeOptions) => {
      const { setStateFromCommandLine } = await import('./change.ts');
      await setStateFromCommandLine(options, true);
    });
}
