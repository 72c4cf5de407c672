import type { Command } from 'commander';
import type { UserSetAccessOptions } from './change.ts';

/** `latchkey user set-access` */
export function userSetAccessCommand(user: Command): void {
  user
    .command('set-access')
    .description(
      'give a user another access level, permanently or for a limited time; the user is notified by mail',
    )
    .requiredOption('--email <address>', 'email address of the user')
    .requiredOption('--access <level>', 'name or number of the access level')
    .option('--until <time>', 'time at which the elevation expires; only for a higher level')
    .option('--reason <text>', 'reason, for the audit')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Every running service applies it within 2 seconds: access tokens with the previous level are rejected, and
the next refresh gives the new level. The last admin cannot be demoted.

Exit codes: 0 success, 1 failure, 2 usage error.

Examples:
  latchkey user set-access --email ada@example.com --access guest --reason "left the team"
  latchkey user set-access --email ada@example.com --access admin --until 2026-12-01T18:00:00Z`,
    )
    .action(async (options: UserSetAccessOptions) => {
      const { setAccessFromCommandLine } = await import('./change.ts');
      await setAccessFromCommandLine(options);
    });
}
