import type { Command } from 'commander';
import type { KeyListOptions } from './list.ts';

/** `latchkey key list` */
export function keyListCommand(key: Command): void {
  key
    .command('list')
    .description('list the API keys, without their secrets')
    .option('--email <address>', 'those of this person')
    .option('--service-account <id>', 'those of this service account, by id or name')
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      '\nExit codes: 0 success, 1 failure, 2 usage error.\n\nExample:\n  latchkey key list',
    )
    .action(async (options: KeyListOptions) => {
      const { listKeysFromCommandLine } = await import('./list.ts');
      await listKeysFromCommandLine(options);
    });
}
