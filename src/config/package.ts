import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';

/** Root folder of the package: its migrations and templates are below it. */
export const packageRoot = findRoot(import.meta.dirname);

/** True when the package is a dependency of another one, and not a checkout of the repository. */
export const isDependency = packageRoot.split(sep).includes('node_modules');

/**
 * Folder in which `.env` is, and in which relative paths of the configuration start: the root of the
 * repository. For a dependency it is the working directory, because `npm ci` deletes what is in
 * `node_modules`.
 */
export const configurationRoot = isDependency ? process.cwd() : packageRoot;

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
