import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

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
 * Gives a finished file its name, which nobody has seen with less in it.
 *
 * @param mayReplace whether another file of that name goes
 * @throws {Error} EEXIST when one has come meanwhile and may not be replaced
 */
export function nameFile(draft: string, path: string, mayReplace: boolean): void {
  if (mayReplace) renameSync(draft, path);
  else {
    linkSync(draft, path);
    rmSync(draft);
  }
  syncFolderOf(path);
}
