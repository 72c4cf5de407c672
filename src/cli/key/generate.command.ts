import type { Command } from 'commander';

/** `latchkey key generate` */
export function keyGenerateCommand(key: Command): void {
  key
    .command('generate')
    .description('print a new API key that no database knows yet, for BOOTSTRAP_API_KEY')
    .option('--json', 'print the key and its id as JSON')
    .addHelpText(
      'after',
      `
It needs no database, so that a key can be made before the service. The first start stores it.

Exit codes: 0 success, 1 failure, 2 usage error.

Example:
  latchkey key generate > /run/secrets/latchkey-key`,
    )
    .action(async ({ json }: { readonly json?: boolean }) => {
      const [{ makeApiKey }, { print }] = await Promise.all([
        import('../../accounts/api-keys/create.ts'),
        import('../print.ts'),
      ]);
      const made = makeApiKey();
      await print(`${json ? JSON.stringify(made) : made.key}\n`);
    });
}
