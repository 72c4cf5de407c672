import type { Command } from 'commander';
import type { KeyCreateOptions } from './create.ts';

/** `latchkey key create` */
export function keyCreateCommand(key: Command): void {
  key
    .command('create')
    .description('make an API key of a service account, and print it once')
    .option('--service-account <id>', 'id or name of the service account')
    .option('--access <level>', 'highest access level of the key, by name or number')
    .option('--operations <names>', 'operationIds with commas between them, or * for all')
    .option(
      '--for-guard',
      'make a key of the service account guard that can read the feed and introspect tokens, and nothing else',
    )
    .option('--name <name>', 'what the key is for', 'command line')
    .option('--days <number>', 'days until it expires, 366 at most', '90')
    .option('--json', 'print the key and what is known of it as JSON')
    .addHelpText(
      'after',
      `
The key is printed and not shown again. A key of the level of admins needs --operations. A key that lists an
operation which asks for a recent sign-in may call it without one.

Exit codes: 0 success, 1 failure, 2 usage error.

Examples:
  latchkey key create --service-account reports --access user --name "nightly import"
  latchkey key create --for-guard > /run/secrets/latchkey-key`,
    )
    .action(async (options: KeyCreateOptions) => {
      const { createKeyFromCommandLine } = await import('./create.ts');
      await createKeyFromCommandLine(options);
    });
}
