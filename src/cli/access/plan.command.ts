import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { AccessPlanOptions } from './plan.ts';

/** `latchkey access plan` */
export function accessPlanCommand(access: Command): void {
  access
    .command('plan')
    .description('compare two versions: which operations open, and close, to whom')
    .requiredOption('--against <file>', 'OpenAPI document of the version before', fileArgument)
    .option(
      '--document <file>',
      'OpenAPI document of the new version (default: of this version and configuration)',
      fileArgument,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Where there is a database, it counts the people and the API keys of each level. It changes nothing.

Exit codes: 0 success and nothing opened, 1 failure, 2 usage error, 3 success and something opened.

Examples:
  latchkey access plan --against old.json
  latchkey access plan --against old.json --document new.json --json`,
    )
    .action(async (options: AccessPlanOptions) => {
      const { planFromCommandLine } = await import('./plan.ts');
      await planFromCommandLine(options);
    });
}
