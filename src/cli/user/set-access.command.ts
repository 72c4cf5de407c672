import type { Command } from 'commander';
import type { UserSetAccessOptions } from './change.ts';

/** `latchkey user set-access` */
export function userSetAccessCommand(user: Command): void {
  user
    .command('set-access')
    .description('give a user another access level, for good or for a time; the user is told by mail')
    .requiredOption('--email <address>', 'email address of the user')
    .requiredOption('--access <level>', 'name or number of the access level')
    .option('--until <time>', 'when it falls back by itself; a higher level only')
    .option('--reason <text>', 'why, for the audit')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Every running service obeys within 2 seconds: access tokens of the level before are refused, and the
next refresh has the new one. The last admin stays one.

Exit codes: 0 done, 1 failed, 2 called wrongly.

Examples:
  latchkey user set-access --email ada@example.com --access guest --reason "left the team"
  latchkey user set-access --email ada@example.com --access admin --until 2026-12-01T18:00:00Z`,
    )
    .action(async (options: UserSetAccessOptions) => {
      const { setAccessFromCommandLine } = await import('./change.ts');
      await setAccessFromCommandLine(options);
    });
}
