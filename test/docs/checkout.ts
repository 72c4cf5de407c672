/** A copy of this checkout, in which the commands of a page run like in a fresh one. */
import { cpSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';

const folders = [
  'bin',
  'openapi',
  'prisma',
  'src',
  'templates',
  'wordlists',
  'lint',
  'packages/client/src',
  'packages/guard/src',
  'web',
];
const files = [
  'scripts/build.ts',
  'scripts/build-web.ts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'packages/client/tsconfig.json',
  'packages/guard/tsconfig.json',
  'biome.json',
  '.gitignore',
];

/**
 * Copies the checkout, with the packages of this one. It is removed when the test ends.
 *
 * @returns the folder
 */
export async function copyCheckout(t: Teardown): Promise<string> {
  const copy = await temporaryFolder(t);
  for (const path of [...folders, ...files]) cpSync(path, join(copy, path), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  return copy;
}
