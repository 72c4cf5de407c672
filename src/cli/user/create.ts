import { AccessLevels } from '../../access/levels.ts';
import { EmailAddress, UserName } from '../../accounts/users/schemas.ts';
import { noRequest } from '../../audit/event.ts';
import { readConfig } from '../../config/index.ts';
import { checkOption, checkPassword, parseLevel } from '../check-input.ts';
import { print } from '../print.ts';
import { readPassword } from '../read-password.ts';

/** Options on the command line. */
export interface UserCreateOptions {
  readonly email: string;
  readonly name: string;
  readonly access: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey user create`.
 *
 * @throws {UsageError} when an option or the password breaks a rule
 * @throws {Problem} when a user has the address
 */
export async function createFromCommandLine(options: UserCreateOptions): Promise<void> {
  const config = readConfig();
  const levels = new AccessLevels(config.accessLevels);
  const access = parseLevel(options.access, levels);
  checkOption('--email', EmailAddress, options.email);
  checkOption('--name', UserName, options.name);
  const password = await readPassword();
  checkPassword(config, password);
  // Imported here, so that a usage error is reported without delay.
  const [{ withAccounts }, { createUser }] = await Promise.all([
    import('../accounts.ts'),
    import('../../accounts/users/users.ts'),
  ]);
  const user = { name: options.name, email: options.email, password, access };
  const created = await withAccounts(config, (context) =>
    createUser(context, user, { action: 'user.created', requestContext: noRequest }),
  );
  const text = `Created ${created.email} with access ${created.access} (${created.accessName}), id ${created.id}`;
  await print(`${options.json ? JSON.stringify(created) : text}\n`);
}
