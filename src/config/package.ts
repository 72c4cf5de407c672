import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The package's root, where relative paths of the configuration start. */
export const packageRoot = resolve(import.meta.dirname, '../..');

/** The version in package.json. */
export const version: string = readVersion();

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
