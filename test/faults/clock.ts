/** A clock that is set while processes run by it. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder, type Variables } from '../child.ts';
import type { Teardown } from '../helper.ts';

/** Where Debian's package libfaketime has its library. */
const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

export interface Clock {
  /** Of the processes that are to run by it. */
  readonly variables: Variables;
  /** How it is done. */
  readonly means: string;
  /** @param seconds that it is ahead of the real one; behind, when negative */
  set(seconds: number): Promise<void>;
}

/** By libfaketime where it is installed, which shifts the time of the whole process; else by a module that shifts `Date`. */
export async function movableClock(t: Teardown): Promise<Clock> {
  const file = join(await temporaryFolder(t), 'clock');
  const set = (seconds: number) => writeFile(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
  await set(0);
  if (existsSync(library)) {
    const variables = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    return { variables, means: 'libfaketime', set };
  }
  const variables = {
    NODE_OPTIONS: `--import=${resolve('test/faults/shifted-date.ts')}`,
    CLOCK_FILE: file,
  };
  return { variables, means: 'a shifted Date', set };
}
