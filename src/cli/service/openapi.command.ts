import type { Command } from 'commander';
import { print } from '../print.ts';

/** `latchkey openapi` */
export function openapiCommand(program: Command): void {
  program
    .command('openapi')
    .description('print the OpenAPI document for this configuration')
    .addHelpText(
      'after',
      '\nExit codes: 0 success, 1 failure, 2 usage error.\n\nExample:\n  latchkey openapi > openapi.json',
    )
    .action(async () => {
      const { readContract } = await import('./contract.ts');
      await print(`${JSON.stringify(await readContract(), null, 2)}\n`);
    });
}
