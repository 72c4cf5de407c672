import type { Command } from 'commander';
import type { KeyRevokeOptions } from './revoke.ts';

/** `latchkey key revoke` */
export function keyRevokeCommand(key: Command): void {
  key
    .command('revoke')
    .description('end an API key: it is refused from then on')
    .argument('<id>', 'id of the key')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Every running service refuses the key within 2 seconds. A person whose key it was is told by mail.

Exit codes: 0 success, 1 failure, 2 usage error.

Example:
  latchkey key revoke 01890a5d-ac96-774b-bcce-b302099a8057`,
    )
    .action(async (id: string, options: KeyRevokeOptions) => {
      const { revokeKeyFromCommandLine } = await import('./revoke.ts');
      await revokeKeyFromCommandLine(id, options);
    });
}
