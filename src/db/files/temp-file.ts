import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';

/** Age after which a temp file counts as abandoned: a running process writes to its file more often. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Suffix of a temp file's name: the machine and the process id. SQLite keeps a journal beside it. */
const SUFFIX = /^\.latchkey-[\w-]+-(\d+)\.part(?:-journal)?$/;

/**
 * Returns the name of a temp file for a file, and removes abandoned temp files of the same file: those of
 * processes of this machine that have ended, and those not written to for a day. A container counts as a
 * machine.
 *
 * @throws {DataError} when the folder does not exist
 */
export function createTempFile(path: string): string {
  const folder = dirname(path);
  if (!existsSync(folder)) throw new DataError(`${folder} does not exist: create the folder first`);
  const tempFile = `${path}${suffixOf(process.pid)}`;
  for (const leftover of [tempFile, `${tempFile}-journal`]) remove(leftover);
  for (const name of namesIn(folder)) {
    if (!name.startsWith(basename(path))) continue;
    const suffix = name.slice(basename(path).length);
    const [, pid] = SUFFIX.exec(suffix) ?? [];
    if (pid === undefined) continue;
    const isOrphaned = suffix.startsWith(suffixOf(Number(pid))) && !isRunning(Number(pid));
    if (isOrphaned || isAbandoned(join(folder, name))) remove(join(folder, name));
  }
  return tempFile;
}

/** Lists a folder; empty when the process may write to it but not list it. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAbandoned(file: string): boolean {
  const there = lstatSync(file, { throwIfNoEntry: false });
  return there !== undefined && Date.now() - there.mtimeMs > ABANDONED_AFTER_MS;
}

function suffixOf(pid: number): string {
  return `.latchkey-${hostname().replaceAll(/[^\w-]/g, '_')}-${pid}.part`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It belongs to another user, or is a folder. It stays and does no harm.
  }
}
