import { type FileHandle, open, rm } from 'node:fs/promises';
import { nameFile, requireFree } from '../db/files/sync.ts';
import { asTargetError } from '../db/files/target-error.ts';
import { createTempFile } from '../db/files/temp-file.ts';

/**
 * Writes a file of mode 0600 by way of a temp file: it gets its name when it is complete and synced to disk.
 * `write-file-atomic` would hold the whole text in memory, and would always replace an existing file.
 *
 * @param mayReplace allows the replacement of an existing file
 * @param work writes the contents; when it throws, no file is left
 * @throws {DataError} when a file exists and may not be replaced, or when the path is not a file
 */
export async function writeFileAtomically<T>(
  path: string,
  mayReplace: boolean,
  work: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  requireFree(path, mayReplace);
  const tempFile = createTempFile(path);
  const file = await open(tempFile, 'wx', 0o600).catch(rethrowFor(path));
  try {
    const result = await complete(file, rethrowFor(path), work);
    nameFile(tempFile, path, mayReplace);
    return result;
  } catch (error) {
    await rm(tempFile, { force: true });
    throw error;
  }
}

function rethrowFor(path: string): (error: unknown) => never {
  return (error) => {
    throw asTargetError(error, path);
  };
}

async function complete<T>(
  file: FileHandle,
  rethrow: (error: unknown) => never,
  work: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  try {
    const result = await work((text) => file.appendFile(text).catch(rethrow));
    await file.sync().catch(rethrow);
    return result;
  } finally {
    await file.close();
  }
}
