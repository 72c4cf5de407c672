import type { TSchema } from 'typebox';
import { AccessLevels } from '../access/levels.ts';
import { EmailAddress, NewPassword, UserName } from '../accounts/user.schemas.ts';
import { noRequest } from '../audit/event.ts';
import { compile } from '../config/fits.ts';
import { type Config, readConfig } from '../config.ts';
import { readPassword } from './read-password.ts';
import { UsageError } from './usage-error.ts';
import type { UserCreateOptions } from './user-create.ts';

/**
 * Does what `latchkey user create` says.
 *
 * @throws {UsageError} when an option or the password breaks a rule
 * @throws {Problem} when the address has an account
 */
export async function createFromCommandLine(options: UserCreateOptions): Promise<void> {
  const config = readConfig();
  const levels = new AccessLevels(config.accessLevels);
  const access = parseLevel(options.access, levels);
  check('--email', EmailAddress, options.email);
  check('--name', UserName, options.name);
  const password = await readPassword();
  checkPassword(config, password);
  // Not before: whoever called it wrongly need not wait for them.
  const [{ withAccounts }, { createUser }] = await Promise.all([
    import('./accounts.ts'),
    import('../accounts/users.ts'),
  ]);
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

function check(option: string, schema: TSchema & { description?: string }, value: string): void {
  if (!compile(schema)(value)) throw new UsageError(`${option} must be ${schema.description}`);
}

function checkPassword({ passwordMinLength }: Config, password: string): void {
  if (compile(NewPassword(passwordMinLength))(password)) return;
  throw new UsageError(`The password must have ${passwordMinLength} to 128 characters, of any kind but NUL`);
}
