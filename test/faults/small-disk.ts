/**
 * A disk that can be filled or made read-only: a file system in memory. To mount it takes root or
 * CAP_SYS_ADMIN.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';

const run = promisify(execFile);

export interface SmallDisk {
  readonly folder: string;
  /** Fills the disk. @returns number of written bytes */
  fill(): Promise<number>;
  /** Removes the file that fills the disk. */
  empty(): Promise<void>;
  /** Makes it read-only; it must not be in use. */
  makeReadOnly(): Promise<void>;
}

/**
 * Mounts a small disk.
 *
 * @param size in the notation of mount: `16m`
 * @param owner owner of the folder in it, which other users cannot access
 * @returns undefined where mounting is not allowed
 */
export async function mountSmallDisk(
  t: Teardown,
  size: string,
  owner: { readonly uid: number; readonly gid: number } = { uid: 0, gid: 0 },
): Promise<SmallDisk | undefined> {
  const folder = await temporaryFolder(t);
  const options = `size=${size},mode=0700,uid=${owner.uid},gid=${owner.gid}`;
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  } catch {
    return undefined;
  }
  // A shell that unmounts it when this process ends for any reason.
  const guard = spawn('sh', ['-c', 'read -r line; umount -l "$0"', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const unmounted = once(guard, 'close');
  t.teardown(async () => {
    guard.stdin.end();
    await unmounted;
  });
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => fill(filler),
    empty: () => rm(filler),
    makeReadOnly: async () => void (await run('mount', ['-o', 'remount,ro', folder])),
  };
}

async function fill(path: string): Promise<number> {
  const file = await open(path, 'a');
  let written = 0;
  try {
    for (let size = 2 ** 20; size >= 512; ) {
      try {
        written += (await file.write(Buffer.alloc(size))).bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        size /= 2;
      }
    }
  } finally {
    await file.close();
  }
  return written;
}
