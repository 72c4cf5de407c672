import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';

/** Syncs the content of a file to the disk. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Syncs a folder's list of names to the disk, so that a renamed file keeps its new name after a power cut.
 */
export function syncFolderOf(path: string): void {
  // Windows cannot open folders.
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Checks early that a file name is free. {@link nameFile} checks again at the end.
 *
 * @param mayReplace whether an existing file may be replaced
 * @throws {DataError} when a file exists and may not be replaced, or when the path is not a file
 */
export function requireFree(path: string, mayReplace: boolean): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isFile()) throw new DataError(`${path} exists and is not a file: choose another name`);
  if (!mayReplace) throw taken(path);
}

/**
 * Gives a complete temp file its final name, so that a partial file never has that name.
 *
 * @param mayReplace whether an existing file may be replaced
 * @throws {DataError} when a file has been created in the meantime and may not be replaced
 */
export function nameFile(tempFile: string, path: string, mayReplace: boolean): void {
  if (mayReplace) renameSync(tempFile, path);
  else {
    try {
      linkSync(tempFile, path);
      rmSync(tempFile);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw taken(path);
      if (!WITHOUT_LINKS.has(codeOf(error))) throw error;
      requireFree(path, false);
      renameSync(tempFile, path);
    }
  }
  syncFolderOf(path);
}

/** Errors of file systems that have no hard links, such as exFAT. */
const WITHOUT_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

function taken(path: string): DataError {
  return new DataError(`${path} exists: choose another name, or replace it with --force`);
}
