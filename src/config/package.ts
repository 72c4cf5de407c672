import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The package's root, where relative paths of the configuration start. */
export const packageRoot = findRoot(import.meta.dirname);

/** The version in package.json. */
export const version: string = readVersion();

/** However deep in it the build has put this file. */
function findRoot(folder: string): string {
  return existsSync(resolve(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(resolve(packageRoot, 'package.json'), 'utf8'));
  if (
    typeof manifest === 'object' &&
    manifest !== null &&
    'version' in manifest &&
    typeof manifest.version === 'string'
  ) {
    return manifest.version;
  }
  throw new Error('package.json has no version');
}
