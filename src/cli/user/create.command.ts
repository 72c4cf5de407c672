import { type Command, Option } from 'commander';
import type { UserCreateOptions } from './create.ts';

/** `latchkey user create` */
export function userCreateCommand(user: Command): void {
  user
    .command('create')
    .description(
      'create a user, for example the first admin; prompts for the password, or reads it from standard input',
    )
    .requiredOption('--email <address>', 'email address')
    .requiredOption('--name <name>', 'name')
    .addOption(new Option('--access <level>', 'name or number of the access level').default('user'))
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 success, 1 failure, 2 usage error.

Examples:
  latchkey user create --email ada@example.com --name Ada --access admin
  latchkey user create --email ada@example.com --name Ada --access admin < password.txt`,
    )
    .action(async (options: UserCreateOptions) => {
      const { createFromCommandLine } = await import('./create.ts');
      await createFromCommandLine(options);
    });
}
