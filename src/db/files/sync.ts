import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';

/** Has the disk hold what is in a file. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Has the disk hold which names a folder has: a file that was renamed has its new name after a power cut, too. */
export function syncFolderOf(path: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Looks whether a file may be written under a name, before the work begins: {@link nameFile} has the last word.
 *
 * @param mayReplace whether another file of that name goes
 * @throws {DataError} when there is a file that may not be replaced, or what is there is no file
 */
export function requireFree(path: string, mayReplace: boolean): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isFile()) throw new DataError(`${path} exists and is no file: choose another name`);
  if (!mayReplace) throw taken(path);
}

/**
 * Gives a finished file its name, which nobody has seen with less in it.
 *
 * @param mayReplace whether another file of that name goes
 * @throws {DataError} when one has come meanwhile and may not be replaced
 */
export function nameFile(draft: string, path: string, mayReplace: boolean): void {
  if (mayReplace) renameSync(draft, path);
  else {
    try {
      linkSync(draft, path);
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? taken(path) : error;
    }
    rmSync(draft);
  }
  syncFolderOf(path);
}

function taken(path: string): DataError {
  return new DataError(`${path} exists: choose another name, or replace it with --force`);
}
