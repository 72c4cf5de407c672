import { type Command, Option } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { KeysGenerateOptions } from './generate.ts';

/** `latchkey keys generate` */
export function keysGenerateCommand(keys: Command): void {
  keys
    .command('generate')
    .description('generate a key that signs access tokens, for JWT_PRIVATE_KEY')
    .addOption(
      new Option('--algorithm <name>', 'signature algorithm')
        .choices(['ES256', 'EdDSA', 'RS256'])
        .default('ES256'),
    )
    .option(
      '--out <file>',
      'write the private key into this file, and the public key into <file>.pub',
      fileArgument,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Without --out, the private key is printed and not stored.

Exit codes: 0 success, 1 failure, 2 usage error.

Examples:
  latchkey keys generate --out signing-key.pem
  latchkey keys generate --algorithm EdDSA | vault kv put secret/latchkey key=-`,
    )
    .action(async (options: KeysGenerateOptions) => {
      const { generateKey } = await import('./generate.ts');
      await generateKey(options);
    });
}
