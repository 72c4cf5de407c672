import { statfsSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { readConfig } from '../config/index.ts';
import { databaseKind } from '../db/client.ts';
import { MIN_FREE_BYTES } from '../db/disk.ts';
import { databaseCode, isDiskFull } from '../db/errors.ts';
import { sqlitePath } from '../db/sqlite/database-file.ts';

/** Reasons by error code, with what to do in place of choosing another folder. */
const reasons: Readonly<Record<string, readonly [reason: string, advice: string]>> = {
  EACCES: ['permission denied', 'give it to the user that runs this'],
  EPERM: ['operation not permitted', 'give it to the user that runs this'],
  EROFS: ['read-only file system', 'make it writable'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'remove that file'],
  EEXIST: ['there is a file in place of the folder', 'remove that file'],
  EISDIR: ['there is a folder in place of the file', 'remove that folder'],
  ENOSPC: ['the disk is full', 'make room'],
  EDQUOT: ['the quota is used up', 'make room'],
  ELOOP: ['its symbolic links lead in a circle', 'remove them'],
  EIO: ['the disk has an input or output error', 'check the disk'],
};

/** Variable of the configuration that says where a file is. */
interface Place {
  readonly variable: 'DATA_DIR' | 'DATABASE_URL';
  readonly folder: string;
}

/**
 * Explains an error of a file or folder that the configuration names, or of SQLite's own files.
 *
 * @returns undefined for other errors
 */
export function explainFile(error: Error): string | undefined {
  const places = readPlaces();
  if ('syscall' in error && 'path' in error && 'code' in error) {
    const path = String(error.path);
    const place = places.find(({ folder }) => isWithin(path, folder));
    const [reason, advice] = reasons[String(error.code)] ?? [];
    if (place === undefined || reason === undefined) return undefined;
    return `${path} cannot be used (${error.code}: ${reason}): ${advice}, or set ${place.variable} to another place`;
  }
  const code = databaseCode(error);
  if (code?.startsWith('SQLITE_') !== true) return undefined;
  return explainSqlite(error, code, places.find(({ variable }) => variable === 'DATABASE_URL')?.folder);
}

function explainSqlite(error: Error, code: string, folder: string | undefined): string | undefined {
  const { message } = error.cause instanceof Error ? error.cause : error;
  const detail = causeMessage(error) ?? message;
  // SQLite reports an I/O error when there is no room for its -shm file.
  const lacksRoom = /^SQLITE_(IOERR|CANTOPEN)/.test(code) && folder !== undefined && isFull(folder);
  if (isDiskFull(error) || lacksRoom)
    return `the disk of the database is full (${detail}): make room, and run it again`;
  if (/^SQLITE_(READONLY|CANTOPEN|PERM)/.test(code))
    return `the database${folder === undefined ? '' : ` in ${folder}`} cannot be used (${detail}): the user that runs this must be able to write to it and to its folder, or set DATABASE_URL to another place`;
  return undefined;
}

/** Returns SQLite's own message, which the driver adapter keeps beside Prisma's. */
function causeMessage({ cause }: Error): string | undefined {
  return typeof cause === 'object' && cause !== null && 'originalMessage' in cause
    ? String(cause.originalMessage)
    : undefined;
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < MIN_FREE_BYTES;
  } catch {
    return false;
  }
}

function isWithin(path: string, folder: string): boolean {
  // The folders above are made together with it.
  return path === folder || path.startsWith(`${folder}${sep}`) || folder.startsWith(`${path}${sep}`);
}

function readPlaces(): readonly Place[] {
  try {
    const { dataDir, databaseUrl } = readConfig();
    const data: Place = { variable: 'DATA_DIR', folder: dataDir };
    if (databaseKind(databaseUrl) !== 'sqlite') return [data];
    const database: Place = { variable: 'DATABASE_URL', folder: dirname(sqlitePath(databaseUrl)) };
    // The nearest one first, and DATA_DIR where they are the same folder.
    return database.folder.length > dataDir.length ? [database, data] : [data, database];
  } catch {
    return [];
  }
}
