import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { codeOf } from '../../lib/error-code.ts';
import { giveToOwnerOf } from '../files/database-lock.ts';

/**
 * Returns the file whose modification time is the time of the last backup. It is beside the database, where
 * the service finds it: a backup is made by another process, and changes nothing in the database. Other tools
 * that make backups may `touch` it.
 *
 * @param path of the SQLite database
 */
export function lastBackupFile(path: string): string {
  return `${path}.last-backup`;
}

/**
 * Notes that a backup of a SQLite database has just succeeded.
 *
 * @throws {Error} when the file cannot be written
 */
export function noteBackup(path: string): void {
  const file = lastBackupFile(path);
  // Replaced and not written to: only its owner may set the times of a file.
  const tempFile = `${file}.${process.pid}`;
  try {
    writeFileSync(tempFile, '', { mode: 0o600 });
    giveToOwnerOf(path, tempFile);
    renameSync(tempFile, file);
  } catch (error) {
    rmSync(tempFile, { force: true });
    throw error;
  }
}

/**
 * Reads when the last backup of a SQLite database succeeded.
 *
 * @returns undefined when none was noted
 * @throws {Error} when the folder of the database cannot be read
 */
export async function readLastBackup(path: string): Promise<Date | undefined> {
  try {
    return (await stat(lastBackupFile(path))).mtime;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
