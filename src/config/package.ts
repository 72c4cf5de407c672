import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Root folder of the package. Relative paths in the configuration start here. */
export const packageRoot = findRoot(import.meta.dirname);

/** Version in package.json. */
export const version: string = readVersion();

/** Finds the root from any depth: the build puts this file into another folder. */
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
