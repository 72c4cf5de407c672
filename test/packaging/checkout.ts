/** Fresh clone on a machine that has Node.js and npm, and no compiler. */
import { execFile } from 'node:child_process';
import { cp, mkdir, realpath, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder, type Variables } from '../child.ts';
import { findProgram } from '../daemon.ts';
import type { Teardown } from '../helper.ts';
import { stubCompilers } from './stubs.ts';

const run = promisify(execFile);

export interface Checkout {
  readonly folder: string;
  /** Environment with the machine's own Node.js. */
  readonly environment: Variables;
  /** Runs a command to its end, and returns the seconds that it took. @throws {Error} when it fails */
  run(command: string, args: readonly string[]): Promise<number>;
}

/**
 * Copies the files that git has or would add, as they are on the disk.
 *
 * @param node path of `node` in the clone; npm is the machine's
 */
export async function checkOut(t: Teardown, node: string): Promise<Checkout> {
  const folder = join(await temporaryFolder(t), 'latchkey');
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const file of stdout.split('\0'))
    if (file !== '' && file !== 'node_modules') await copyFile(file, join(folder, file));
  const { HOME = '', TMPDIR = '' } = process.env;
  const environment = { HOME, TMPDIR, PATH: await createPath(t, node) };
  return {
    folder,
    environment,
    run: async (command, args) => {
      const started = performance.now();
      await run(command, args, { cwd: folder, env: environment, maxBuffer: 1 << 26 });
      return Math.round((performance.now() - started) / 1000);
    },
  };
}

/** Leaves out deleted files that are not committed yet. */
async function copyFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** PATH on which compilers fail. */
export async function createPath(t: Teardown, node: string): Promise<string> {
  const folder = await temporaryFolder(t);
  await stubCompilers(folder);
  await symlink(node, join(folder, 'node'));
  for (const name of ['npm', 'npx']) {
    const program = findProgram(name);
    if (program === undefined) throw new Error(`${name} is not on the PATH`);
    await symlink(await realpath(program), join(folder, name));
  }
  return [folder, '/usr/bin', '/bin'].join(delimiter);
}
