import { type Command, Option } from 'commander';
import type { UserListOptions } from './list.ts';

/** `latchkey user list` */
export function userListCommand(user: Command): void {
  user
    .command('list')
    .description('list the users, oldest first')
    .option(
      '--search <text>',
      'only users whose name starts with this text; with --sort email, whose address does',
    )
    .option('--access <level>', 'only users with this access level, by name or number')
    .addOption(new Option('--disabled', 'only disabled users').conflicts('enabled'))
    .option('--enabled', 'only enabled users')
    .addOption(
      new Option('--sort <order>', 'sort order; descending with a minus sign').choices([
        'createdAt',
        '-createdAt',
        'name',
        '-name',
        'email',
        '-email',
      ]),
    )
    .option('--limit <number>', 'maximum number of users (default: all)')
    .option('--json', 'print each user as a line of JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 success, 1 failure, 2 usage error.

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
