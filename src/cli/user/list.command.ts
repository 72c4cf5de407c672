import { type Command, Option } from 'commander';
import type { UserListOptions } from './list.ts';

/** `latchkey user list` */
export function userListCommand(user: Command): void {
  user
    .command('list')
    .description('list the users, oldest first')
    .option('--search <text>', 'only those whose name begins like this, or address with --sort email')
    .option('--access <level>', 'only those of this access level, by name or number')
    .addOption(new Option('--disabled', 'only those who are disabled').conflicts('enabled'))
    .option('--enabled', 'only those who are not')
    .addOption(
      new Option('--sort <order>', 'what they are sorted by, with a minus sign backwards').choices([
        'createdAt',
        '-createdAt',
        'name',
        '-name',
        'email',
        '-email',
      ]),
    )
    .option('--limit <number>', 'how many at most; all unless it is given')
    .option('--json', 'print each user as a line of JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 called wrongly.

Examples:
  latchkey user list --access admin
  latchkey user list --disabled --sort=-createdAt --limit 20
  latchkey user list --json | jq -r 'select(.accessUntil != null) | .email'`,
    )
    .action(async (options: UserListOptions) => {
      const { listFromCommandLine } = await import('./list.ts');
      await listFromCommandLine(options);
    });
}
