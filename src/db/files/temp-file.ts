import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';

/** Milliseconds in which whoever writes a file has written something of it. */
const SILENCE = 24 * 60 * 60 * 1000;

/** What its name has more than that of the file: the machine, and the number of the process. SQLite keeps a journal beside it. */
const SUFFIX = /^\.latchkey-[\w-]+-(\d+)\.part(?:-journal)?$/;

/**
 * The name that a file has while it is written. Drafts of the same file that nobody goes on with are removed: those of processes of
 * this machine that have gone, and what nobody has written to for a day. A container is a machine of its own here.
 *
 * @throws {DataError} when its folder is not there
 */
export function createTempFile(path: string): string {
  const folder = dirname(path);
  if (!existsSync(folder)) throw new DataError(`${folder} is not there: make the folder first`);
  const draft = `${path}${suffixOf(process.pid)}`;
  for (const left of [draft, `${draft}-journal`]) remove(left);
  for (const name of namesIn(folder)) {
    if (!name.startsWith(basename(path))) continue;
    const suffix = name.slice(basename(path).length);
    const [, pid] = SUFFIX.exec(suffix) ?? [];
    if (pid === undefined) continue;
    const isOver = suffix.startsWith(suffixOf(Number(pid))) && !isRunning(Number(pid));
    if (isOver || isSilent(join(folder, name))) remove(join(folder, name));
  }
  return draft;
}

/** None where nobody may look, who may write nevertheless. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isSilent(file: string): boolean {
  const there = lstatSync(file, { throwIfNoEntry: false });
  return there !== undefined && Date.now() - there.mtimeMs > SILENCE;
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
    // Somebody else's, or a folder: it stays, and is not in the way.
  }
}
