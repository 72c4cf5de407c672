import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../lib/error-code.ts';

/**
 * Reads a file that holds a secret, and makes it first when it does not exist (mode 0600, its folder 0700).
 * Processes that start at the same time in one folder all get the same contents: the file appears complete,
 * or not at all.
 *
 * @param make returns the contents of a new file
 */
export async function readOrCreate(path: string, make: () => string): Promise<string> {
  const existing = await readIfPresent(path);
  if (existing !== undefined) return existing;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const tempFile = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(tempFile, make(), { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(tempFile, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(tempFile);
  }
  return readFile(path, 'utf8');
}

/** Reads a file. @returns undefined when it does not exist */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
