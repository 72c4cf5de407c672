/** A disk that can be filled, and closed to writers: a file system in memory, which takes root (or CAP_SYS_ADMIN) to mount. */
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
  /** Writes until nothing fits any more. @returns bytes that it took */
  fill(): Promise<number>;
  /** Takes away what filled it. */
  empty(): Promise<void>;
  /** Closes it to writers; it must not be in use. */
  makeReadOnly(): Promise<void>;
}

/**
 * @param size as mount takes it: `16m`
 * @param owner of the folder in it, whom the others have no business with
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
  // A shell that unmounts it when this process ends, however that comes about.
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
