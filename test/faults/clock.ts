/** A clock that can be set while processes use it. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder, type Variables } from '../child.ts';
import type { Teardown } from '../helper.ts';

/** Path of the library in the Debian package libfaketime. */
const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

export interface Clock {
  /** Environment variables of the processes that use the clock. */
  readonly variables: Variables;
  /** Name of the method. */
  readonly means: string;
  /** Sets the clock. @param seconds difference to the real clock; negative when behind */
  set(seconds: number): Promise<void>;
}

/**
 * Creates a clock: by libfaketime, which shifts the time of the whole process, or without it by a module that
 * shifts `Date`.
 */
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
