import { type Command, Option } from 'commander';
import { AccessLevels } from '../access/levels.ts';
import { EmailAddress, UserName } from '../accounts/user.schemas.ts';
import { createUser } from '../accounts/users.ts';
import { noRequest } from '../audit/event.ts';
import { readConfig } from '../config.ts';
import { withAccounts } from './accounts.ts';
import { checkOption, checkPassword } from './check-input.ts';
import { readPassword } from './read-password.ts';
import { UsageError } from './usage-error.ts';

interface Options {
  readonly email: string;
  readonly name: string;
  readonly access: string;
  readonly json?: boolean;
}

/** `latchkey user create` */
export function userCreateCommand(user: Command): void {
  user
    .command('create')
    .description(
      'create a user, the first admin for instance; the password is asked for, or read from standard input',
    )
    .requiredOption('--email <address>', 'email address')
    .requiredOption('--name <name>', 'name')
    .addOption(new Option('--access <level>', 'name or number of the access level').default('user'))
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Examples:
  latchkey user create --email ada@example.com --name Ada --access admin
  latchkey user create --email ada@example.com --name Ada --access admin < password.txt`,
    )
    .action(createFromCommandLine);
}

async function createFromCommandLine(options: Options): Promise<void> {
  const config = readConfig();
  const levels = new AccessLevels(config.accessLevels);
  const access = parseLevel(options.access, levels);
  checkOption('--email', EmailAddress, options.email);
  checkOption('--name', UserName, options.name);
  const password = await readPassword();
  checkPassword(config, password);
  const user = { name: options.name, email: options.email, password, access };
  const created = await withAccounts(config, (context) =>
    createUser(context, user, { action: 'user.created', origin: noRequest }),
  );
  const text = `Created ${created.email} with access ${created.access} (${created.accessName}), id ${created.id}`;
  process.stdout.write(`${options.json ? JSON.stringify(created) : text}\n`);
}

function parseLevel(text: string, levels: AccessLevels): number {
  const level = levels.all.find(({ name, number }) => name === text || String(number) === text);
  if (level === undefined)
    throw new UsageError(`--access must be one of ${levels.describe()}, by name or number`);
  return level.number;
}
