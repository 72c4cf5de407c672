import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { generatePem } from '../tokens/generate-key.ts';
import { type Algorithm, parseSigningKey } from '../tokens/keys.ts';
import { UsageError } from './usage-error.ts';

interface Options {
  readonly algorithm: Algorithm;
  readonly out?: string;
  readonly json?: boolean;
}

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
    .option('--out <file>', 'write the private key there, and the public one beside it as <file>.pub')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Without --out, the private key is printed and nothing is kept.

Examples:
  latchkey keys generate --out signing-key.pem
  latchkey keys generate --algorithm EdDSA | vault kv put secret/latchkey key=-`,
    )
    .action(generate);
}

async function generate({ algorithm, out, json }: Options): Promise<void> {
  const key = parseSigningKey(generatePem(algorithm));
  const { kid, privateKey, publicKey } = key;
  if (out === undefined) {
    process.stdout.write(
      json ? `${JSON.stringify({ kid, algorithm, privateKey, publicKey })}\n` : privateKey,
    );
    return;
  }
  const publicFile = `${out}.pub`;
  await writeNew(out, privateKey, 0o600);
  await writeNew(publicFile, publicKey, 0o644);
  const text = `Wrote ${out} (keep it secret) and ${publicFile}, kid ${kid}`;
  process.stdout.write(`${json ? JSON.stringify({ kid, algorithm, privateFile: out, publicFile }) : text}\n`);
}

/** Never over another file: it may be the key that signs today. */
async function writeNew(file: string, contents: string, mode: number): Promise<void> {
  try {
    await writeFile(file, contents, { flag: 'wx', mode });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new UsageError(`${file} exists: choose another name for the new key`);
    }
    throw error;
  }
}
