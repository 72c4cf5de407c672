import { AccessLevels } from '../../access/levels.ts';
import { operator } from '../../accounts/context.ts';
import { UserName } from '../../accounts/users/schemas.ts';
import { readConfig } from '../../config/index.ts';
import { checkOption, parseLevel } from '../check-input.ts';
import { print } from '../print.ts';

/** Options on the command line. */
export interface ServiceAccountOptions {
  readonly name: string;
  readonly access: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey service-account create`.
 *
 * @throws {UsageError} when an option breaks a rule
 */
export async function createServiceAccountFromCommandLine(options: ServiceAccountOptions): Promise<void> {
  const config = readConfig();
  const access = parseLevel(options.access, new AccessLevels(config.accessLevels));
  checkOption('--name', UserName, options.name);
  const [{ withExistingAccounts }, { createServiceAccount }] = await Promise.all([
    import('../accounts.ts'),
    import('../../accounts/service-accounts/service-accounts.ts'),
  ]);
  const { name } = options;
  const account = await withExistingAccounts(config, (context) =>
    createServiceAccount(context, operator, { name, access }),
  );
  const text = `Created ${account.name} with access ${account.access} (${account.accessName}), id ${account.id}`;
  await print(`${options.json ? JSON.stringify(account) : text}\n`);
}
