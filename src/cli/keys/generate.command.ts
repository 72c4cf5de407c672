import { type Command, Option } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { KeysGenerateOptions } from './generate.ts';

/** `latchkey keys generate` */
export function keysGenerateCommand(keys: Command): void {
  keys
    .command('generate')
    .description('make a key that signs access tokens, for JWT_PRIVATE_KEY')
    .addOption(
      new Option('--algorithm <name>', 'what it signs with')
        .choices(['ES256', 'EdDSA', 'RS256'])
        .default('ES256'),
    )
    .option(
      '--out <file>',
      'write the private key there, and the public one beside it as <file>.pub',
      fileArgument,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Without --out, the private key is printed and nothing is kept.

Exit codes: 0 done, 1 failed, 2 called wrongly.

Examples:
  latchkey keys generate --out signing-key.pem
  latchkey keys generate --algorithm EdDSA | vault kv put secret/latchkey key=-`,
    )
    .action(async (options: KeysGenerateOptions) => {
      const { generateKey } = await import('./generate.ts');
      await generateKey(options);
    });
}
