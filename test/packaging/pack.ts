/** Packs the package as `npm publish` does. */
import { execFile } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';

const exec = promisify(execFile);

/** @returns the path of the tarball */
export async function pack(t: Teardown, cwd = '.'): Promise<string> {
  const folder = await temporaryFolder(t);
  await exec('npm', ['pack', '--silent', '--pack-destination', folder], { cwd });
  const [name = ''] = await readdir(folder);
  return join(folder, name);
}

/** Builds @latchkey/guard and packs it. @returns the path of the tarball */
export async function packGuard(t: Teardown): Promise<string> {
  const folder = await temporaryFolder(t);
  const compile = (name: string, ...args: string[]) =>
    exec(process.execPath, [
      resolve('node_modules/typescript/bin/tsc'),
      '-p',
      `packages/${name}/tsconfig.build.json`,
      ...args,
    ]);
  // Its answers have the types of the client. None of its own declarations may need them.
  await compile('client');
  await compile('guard', '--outDir', join(folder, 'dist'));
  await cp('packages/guard/package.json', join(folder, 'package.json'));
  return pack(t, folder);
}
