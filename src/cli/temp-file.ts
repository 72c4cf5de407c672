import { type FileHandle, open, rm } from 'node:fs/promises';
import { nameFile, requireFree } from '../db/files/sync.ts';
import { createTempFile } from '../db/files/temp-file.ts';

/**
 * Writes a file of mode 0600, which has its name only once it is complete and on the disk. `write-file-atomic` would hold
 * the whole text in memory, and replace a file that may not be replaced.
 *
 * @param mayReplace whether another file of that name goes
 * @param work writes it; when it throws, nothing is left
 * @throws {DataError} when there is a file that may not be replaced, or what is there is no file
 */
export async function writeFileOf<T>(
  path: string,
  mayReplace: boolean,
  work: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  requireFree(path, mayReplace);
  const draft = createTempFile(path);
  const file = await open(draft, 'wx', 0o600);
  try {
    const result = await complete(file, work);
    nameFile(draft, path, mayReplace);
    return result;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function complete<T>(
  file: FileHandle,
  work: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  try {
    const result = await work((text) => file.appendFile(text));
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}
