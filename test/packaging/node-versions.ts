/** Versions of Node.js, installed by npm. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const { optionalDependencies: bundled }: { optionalDependencies: Record<string, string> } = JSON.parse(
  readFileSync('tools/node/package.json', 'utf8'),
);

/** Package for this machine. */
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/**
 * Supported versions that Latchkey is tested with, one of each major. The tests run on the one of tools/node.
 */
export const supportedVersions: readonly string[] = [
  '22.23.5',
  bundled[nodePackage] ?? process.versions.node,
  '26.12.1',
];

/** Versions that it refuses, including one that does not know much of today's syntax. */
export const refusedVersions: readonly string[] = ['14.21.3', '18.20.8', '20.20.2'];

/** Folder in which they stay for the next run. */
const HOME = resolve('build/node-versions');

/** Installs missing versions. @returns the path of each program */
export async function installNode(versions: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const programs = new Map<string, string>();
  for (const version of versions) {
    const folder = join(HOME, version);
    const program = join(folder, 'node_modules', nodePackage, 'bin/node');
    if (!existsSync(program)) await install(folder, `${nodePackage}@${version}`);
    programs.set(version, program);
  }
  return programs;
}

async function install(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-update-notifier', name], { cwd: folder });
}
