import { type Command, Option } from 'commander';
import type { ServiceAccountOptions } from './create.ts';

/** `latchkey service-account create` */
export function serviceAccountCreateCommand(serviceAccount: Command): void {
  serviceAccount
    .command('create')
    .description('create a service account: a user without a password, which acts with API keys')
    .requiredOption('--name <name>', 'name')
    .addOption(new Option('--access <level>', 'name or number of the access level').default('user'))
    .option('--json', 'print the service account as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 success, 1 failure, 2 usage error.

Example:
  latchkey service-account create --name reports --access user`,
    )
    .action(async (options: ServiceAccountOptions) => {
      const { createServiceAccountFromCommandLine } = await import('./create.ts');
      await createServiceAccountFromCommandLine(options);
    });
}
