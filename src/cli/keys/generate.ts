import { rm, writeFile } from 'node:fs/promises';
import { isDiskFull } from '../../db/errors.ts';
import { asTargetError } from '../../db/files/target-error.ts';
import { codeOf } from '../../lib/error-code.ts';
import { type Algorithm, generatePem } from '../../tokens/generate-key.ts';
import { parseSigningKey } from '../../tokens/keys.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface KeysGenerateOptions {
  readonly algorithm: Algorithm;
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey keys generate`.
 *
 * @throws {UsageError} when the file exists
 */
export async function generateKey({ algorithm, out, json }: KeysGenerateOptions): Promise<void> {
  const key = parseSigningKey(generatePem(algorithm));
  const { kid, privateKey, publicKey } = key;
  if (out === undefined) {
    await print(json ? `${JSON.stringify({ kid, algorithm, privateKey, publicKey })}\n` : privateKey);
    return;
  }
  const publicFile = `${out}.pub`;
  await writeNew(out, privateKey, 0o600);
  try {
    await writeNew(publicFile, publicKey, 0o644);
  } catch (error) {
    // Removes the private key too: otherwise the next attempt would fail, because the file exists.
    await rm(out, { force: true });
    throw error;
  }
  const text = `Wrote ${out} (keep it secret) and ${publicFile}, kid ${kid}`;
  await print(`${json ? JSON.stringify({ kid, algorithm, privateFile: out, publicFile }) : text}\n`);
}

/** Writes a new file. Never overwrites one: it may be the current signing key. */
async function writeNew(file: string, contents: string, mode: number): Promise<void> {
  try {
    await writeFile(file, contents, { flag: 'wx', mode });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      throw new UsageError(`${file} exists: choose another name for the new key`);
    }
    // A full disk takes a part of it.
    if (isDiskFull(error)) await rm(file, { force: true });
    throw asTargetError(error, file);
  }
}
