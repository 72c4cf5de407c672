/** Commands that hide those of the machine in a PATH. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Commands that a build of a native package would call. */
const COMPILERS = ['cc', 'c++', 'gcc', 'g++', 'clang', 'clang++', 'make', 'python', 'python3', 'node-gyp'];

/** @param script of a POSIX shell */
export async function stub(folder: string, name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Simulates a machine without a compiler. */
export async function stubCompilers(folder: string): Promise<void> {
  for (const name of COMPILERS) await stub(folder, name, `echo '${name} is not there' >&2; exit 127`);
}
