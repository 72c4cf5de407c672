/** Packs the package as `npm publish` does. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';

/** @returns the path of the tarball */
export async function pack(t: Teardown): Promise<string> {
  const folder = await temporaryFolder(t);
  await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', folder]);
  const [name = ''] = await readdir(folder);
  return join(folder, name);
}
